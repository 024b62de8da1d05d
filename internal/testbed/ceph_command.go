package testbed

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
)

// cephProgram is the Python program that runs the command ceph in forks of itself.
//
//go:embed ceph_command.py
var cephProgram string

// cephForks is the connection to the running cephProgram. It is started by the first who needs it, and ends with this program.
var cephForks = sync.OnceValues(startCephProgram)

func startCephProgram() (*net.UnixConn, error) {
	path, err := lookCommand("ceph")
	if err != nil {
		return nil, err
	}
	python, err := interpreterOf(path)
	if err != nil {
		return nil, err
	}
	syscall.ForkLock.RLock()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET, 0)
	if err == nil {
		syscall.CloseOnExec(pair[0])
		syscall.CloseOnExec(pair[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ceph"), os.NewFile(uintptr(pair[1]), "ceph")
	defer func() { _ = errors.Join(ours.Close(), theirs.Close()) }()
	command, err := programCommand(context.Background(), []string{python, "-c", cephProgram, path}, baseEnvironment("", "/", ""))
	if err != nil {
		return nil, err
	}
	command.Dir = "/"
	command.ExtraFiles = []*os.File{theirs}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, err
	}
	conn, err := net.FileConn(ours)
	if unix, ok := conn.(*net.UnixConn); ok {
		return unix, nil
	}
	return nil, err
}

// interpreterOf returns the path in the first line of a script.
func interpreterOf(script string) (string, error) {
	file, err := os.Open(script)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	line, err := bufio.NewReader(file).ReadString('\n')
	fields := strings.Fields(strings.TrimPrefix(line, "#!"))
	if err != nil || len(fields) != 1 {
		return "", fmt.Errorf("%s is not a script with an interpreter in its first line", script)
	}
	return fields[0], nil
}

// errExit is the exit code of a command that failed, or below 0 the signal that ended it.
type errExit int

func (e errExit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// runForked is one run of the command ceph, by cephProgram.
func (i invocation) runForked(ctx context.Context, stdout, stderr io.Writer) error {
	forks, err := cephForks()
	if err != nil {
		return err
	}
	request, err := json.Marshal(map[string][]string{"arguments": i.argv[1:], "environment": i.environment})
	if err != nil {
		return err
	}
	var pipes []*os.File
	defer func() {
		for _, end := range pipes {
			_ = end.Close()
		}
	}()
	for range 4 {
		read, write, err := os.Pipe()
		if err != nil {
			return err
		}
		pipes = append(pipes, read, write)
	}
	in, out, failure, status := pipes[0:2], pipes[2:4], pipes[4:6], pipes[6:8]
	theirs := []*os.File{in[0], out[1], failure[1], status[1]}
	var descriptors []int
	for _, end := range theirs {
		descriptors = append(descriptors, int(end.Fd()))
	}
	if _, _, err := forks.WriteMsgUnix(request, syscall.UnixRights(descriptors...), nil); err != nil {
		return err
	}
	for _, end := range theirs {
		_ = end.Close()
	}

	var pid, code int
	if _, err := fmt.Fscanln(status[0], &pid); err != nil {
		return fmt.Errorf("the command was not started: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	defer stop()
	var copies sync.WaitGroup
	copies.Go(func() { _, _ = io.Copy(stdout, out[0]) })
	copies.Go(func() { _, _ = io.Copy(stderr, failure[0]) })
	_, _ = io.WriteString(in[1], i.stdin) // the command need not read it
	_ = in[1].Close()
	copies.Wait()
	if _, err := fmt.Fscanln(status[0], &code); err != nil {
		return err
	}
	if code != 0 {
		return errExit(code)
	}
	return nil
}
