package testbed

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// keeperVariable is the variable by which a program starts as the keeper of a bed: a second process of the program that owns the bed.
// The keeper waits until the owner closes a pipe, which the kernel does even for a killed process, and then ends the bed.
const keeperVariable = "CEPH_TESTBED_KEEPER"

// keepOrder is what the owner sends through the pipe before it closes it if the bed shall go on.
const keepOrder = "keep"

// init makes the program the keeper before anything else of it runs. Every program that imports this package can own a bed, so every
// one can be its keeper.
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

// keeper is the owner's view of the keeper's process.
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
	// In a session of its own it gets no Ctrl-C from the terminal.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		writer.Close()
		return nil, fmt.Errorf("can't start the keeper of the testbed: %w", err)
	}
	return &keeper{command: command, pipe: writer}, nil
}

// release ends the keeper and leaves the bed running.
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
