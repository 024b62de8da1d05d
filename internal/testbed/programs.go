package testbed

import (
	"fmt"
	"os"
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

// program is how one of the bed's programs is started.
type program struct {
	path        string
	argv        []string // from its name on
	environment []string // to be added
}

// findProgram returns how a command line is started: of this machine, or of the folder that programsVariable names.
func findProgram(argv []string) (program, error) {
	if programs := os.Getenv(programsVariable); programs != "" {
		return program{"/proc/self/exe", argv, []string{runVariable + "=" + programs}}, nil
	}
	path, err := lookCommand(argv[0])
	return program{path, argv, nil}, err
}

// programFile returns the path, as this machine sees it, of a file that comes with the bed's programs.
func programFile(path string) string { return filepath.Join(os.Getenv(programsVariable), path) }
