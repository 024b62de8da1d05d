package testbed

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// The keeper is a second process of the program that owns a bed. It waits for the end of the owner, however that comes
// about, and then ends the bed. The owner only has to close a pipe, which the kernel does for a process that was killed.
const keeperVariable = "CEPH_TESTBED_KEEPER"

// keepOrder is what the owner of a bed that shall outlive it sends before it closes the pipe.
const keepOrder = "keep"

// init turns the program into the keeper before anything else of it runs. Whoever imports this package can own a bed,
// so the keeper has to be in every such program.
func init() {
	if dir := os.Getenv(keeperVariable); dir != "" {
		os.Exit(keep(dir, os.Stdin))
	}
}

func keep(dir string, owner io.Reader) int {
	order, _ := io.ReadAll(owner)
	if string(order) == keepOrder {
		return 0
	}
	if err := end(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

type keeper struct {
	command *exec.Cmd
	pipe    *os.File
}

func startKeeper(dir string) (*keeper, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	command := exec.Command("/proc/self/exe")
	command.Env = []string{keeperVariable + "=" + dir}
	command.Dir = "/"
	command.Stdin = reader
	// A session of its own keeps Ctrl-C away from it.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		writer.Close()
		return nil, fmt.Errorf("can't start the keeper of the testbed: %w", err)
	}
	return &keeper{command: command, pipe: writer}, nil
}

// release lets the bed live on.
func (k *keeper) release() error {
	if _, err := k.pipe.WriteString(keepOrder); err != nil {
		return err
	}
	return k.dismiss()
}

// dismiss makes the keeper end the bed and waits for it.
func (k *keeper) dismiss() error {
	if err := k.pipe.Close(); err != nil {
		return err
	}
	return k.command.Wait()
}
