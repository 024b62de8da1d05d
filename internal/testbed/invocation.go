package testbed

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// commandTimeout limits a command whose context has no deadline.
const commandTimeout = 2 * time.Minute

// invocation is one run of a command, to its end.
type invocation struct {
	argv        []string
	stdin       string
	environment []string
}

// run returns what the command wrote to stdout. An error holds the command's name, its verb and its stderr.
func (i invocation) run(ctx context.Context) ([]byte, error) {
	ctx, cancel := bounded(ctx, commandTimeout)
	defer cancel()
	execute := i.execute
	if i.argv[0] == "ceph" {
		execute = i.runForked
	}
	var stdout, stderr bytes.Buffer
	if err := execute(ctx, &stdout, &stderr); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return stdout.Bytes(), fmt.Errorf("%s: %w: %s", strings.Join(i.argv, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

func (i invocation) execute(ctx context.Context, stdout, stderr io.Writer) error {
	command, err := programCommand(ctx, i.argv, slices.Clone(i.environment))
	if err != nil {
		return err
	}
	command.Dir = "/"
	command.Stdin = strings.NewReader(i.stdin)
	// Also for the rest of a long output, which a busy machine reads slowly.
	command.WaitDelay = 10 * time.Second
	command.Stdout, command.Stderr = stdout, stderr
	return command.Run()
}

// baseEnvironment returns the environment of the bed's processes. It has nothing of the caller's, since CEPH_ARGS, CEPH_CONF, LIBVIRT_*
// or a locale would change what the daemons and commands do.
func baseEnvironment(dir, home, name string) []string {
	environment := []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C",
		"HOME=" + home,
		bedVariable + "=" + dir,
	}
	if name != "" {
		environment = append(environment, processVariable+"="+name)
	}
	return environment
}
