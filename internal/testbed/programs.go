package testbed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// programsVariable names a folder that Suite.Programs has made. The daemons of a bed, and the commands that it asks, are then those of that
// release, while the tests, and the provider with its client libraries, stay this machine's. With Run all is of that release.
const programsVariable = "CEPH_TESTBED_PROGRAMS"

// runVariable is the variable by which this program becomes a command of such a folder, and holds its path.
const runVariable = "CEPH_TESTBED_RUN"

// init makes the program the command before anything else of it runs.
func init() {
	if programs := os.Getenv(runVariable); programs != "" {
		_ = os.Unsetenv(runVariable)
		fmt.Fprintln(os.Stderr, Run(programs, os.Args))
		os.Exit(127)
	}
}

// programCommand returns a command with this environment that is a program of the bed: one of this machine, or of the folder that
// programsVariable names.
func programCommand(ctx context.Context, argv, environment []string) (*exec.Cmd, error) {
	path := "/proc/self/exe"
	if programs := os.Getenv(programsVariable); programs != "" {
		environment = append(environment, runVariable+"="+programs)
	} else {
		var err error
		if path, err = lookCommand(argv[0]); err != nil {
			return nil, err
		}
	}
	command := exec.CommandContext(ctx, path)
	command.Args, command.Env = argv, environment
	return command, nil
}

// programFile returns the path, as this machine sees it, of a file that comes with the bed's programs.
func programFile(path string) string { return filepath.Join(os.Getenv(programsVariable), path) }
