// Command launcher stands in the place of the provider's binary for the benchmark: it runs the binary that BENCH_PROVIDER names, and
// appends to the file of BENCH_USAGE what that has used: nanoseconds of CPU and the peak of its memory in bytes.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	code, err := run(os.Getenv("BENCH_PROVIDER"), os.Getenv("BENCH_USAGE"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run returns the exit status of the binary.
func run(binary, usage string) (int, error) {
	// Terraform tells the whole process group to stop, and then the provider by its protocol.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGTERM)
	runtime.LockOSThread() // the binary is killed when the thread that started it ends
	command := exec.Command(binary, os.Args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	used, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, errors.New("this system doesn't tell what a process has used")
	}
	file, err := os.OpenFile(usage, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	_, err = fmt.Fprintln(file, (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Nanoseconds(), used.Maxrss<<10)
	return command.ProcessState.ExitCode(), errors.Join(err, file.Close())
}
