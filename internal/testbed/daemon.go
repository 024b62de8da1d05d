package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is how long a daemon may take to end by itself before it is killed.
const stopTimeout = time.Minute

// Daemon is one long-running process of the bed: a monitor, manager or OSD of a cluster, or a hypervisor's libvirtd.
type Daemon struct {
	// Name is unique in the bed, such as east/mon.a or kvm1/libvirtd.
	Name string

	dir         string // the bed's folder
	home        string // its HOME
	argv        []string
	environment []string
	credential  *syscall.Credential // set: runs as this user, under a reaper
	isolated    bool                // its next start is without a network
	log         string              // what the daemon writes to stdout and stderr

	mu     sync.Mutex
	exited chan struct{} // closed when the process that Start started has ended; for a reaper, also all children of its daemon
}

// Start runs the daemon and returns as soon as the process exists.
func (d *Daemon) Start() error {
	output, err := os.OpenFile(d.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer output.Close()
	var command *exec.Cmd
	if d.credential != nil {
		command = d.underReaper()
	} else {
		environment := append(baseEnvironment(d.dir, d.home, d.Name), d.environment...)
		if command, err = programCommand(context.Background(), d.argv, environment); err != nil {
			return err
		}
	}
	command.Dir = "/"
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if d.isolated {
		isolate(command.SysProcAttr)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("can't start %s: %w", d.Name, err)
	}
	exited := make(chan struct{})
	d.mu.Lock()
	d.exited = exited
	d.mu.Unlock()
	go func() {
		// The daemon's log says more than its exit status.
		_ = command.Wait()
		close(exited)
	}()
	return nil
}

// failure returns an error with the end of the log of a daemon that has ended although it should run.
func (d *Daemon) failure() error {
	d.mu.Lock()
	exited := d.exited
	d.mu.Unlock()
	select {
	case <-exited:
		return fmt.Errorf("%s ended by itself; the end of its log: %s", d.Name, logTail(d.log))
	default:
		return nil
	}
}

// PID returns the process id, or 0 when the daemon doesn't run.
func (d *Daemon) PID() (int, error) {
	found, err := processesOf(d.dir)
	if err != nil {
		return 0, err
	}
	for _, p := range found {
		if p.name == d.Name {
			return p.pid, nil
		}
	}
	return 0, nil
}

func (d *Daemon) signal(s syscall.Signal) (pid int, err error) {
	pid, err = d.PID()
	if err != nil {
		return 0, err
	}
	if pid == 0 {
		return 0, fmt.Errorf("%s doesn't run", d.Name)
	}
	return pid, syscall.Kill(pid, s)
}

// Pause stops the daemon's process, and returns when it is stopped: its connections stay open, and it does not answer.
// Similar to: kill -STOP.
func (d *Daemon) Pause() error {
	pid, err := d.signal(syscall.SIGSTOP)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	return poll(ctx, d.Name+" does not stop", func() (bool, error) { return isPaused(pid) })
}

// Resume continues a paused daemon. Similar to: kill -CONT.
func (d *Daemon) Resume() error {
	_, err := d.signal(syscall.SIGCONT)
	return err
}

// Kill ends the daemon as a crash would and returns when it is gone. Similar to: kill -KILL.
func (d *Daemon) Kill() error {
	pid, err := d.PID()
	if err != nil {
		return err
	}
	if pid == 0 {
		return fmt.Errorf("%s doesn't run", d.Name)
	}
	return d.killProcess(pid)
}

// Stop asks the daemon to end, which saves its data, and returns when it is gone. One that doesn't end in time is killed.
// A daemon that doesn't run is left alone. Similar to: kill -TERM.
func (d *Daemon) Stop() error {
	pid, err := d.PID()
	if err != nil || pid == 0 {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	// A paused process handles the signal only after it was continued.
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	if d.waitGone(pid) == nil {
		return nil
	}
	return d.killProcess(pid)
}

func (d *Daemon) killProcess(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return d.waitGone(pid)
}

func (d *Daemon) waitGone(pid int) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return poll(ctx, "waiting for the end of "+d.Name, func() (bool, error) { return HasEnded(pid), nil })
}
