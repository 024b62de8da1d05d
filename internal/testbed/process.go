package testbed

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Every process of a bed has these two environment variables. Any process finds it by them, without a list of process IDs that could
// be out of date.
const (
	bedVariable     = "CEPH_TESTBED"
	processVariable = "CEPH_TESTBED_PROCESS"
)

const (
	endTimeout   = 20 * time.Second
	pollInterval = 20 * time.Millisecond
)

// process is one running process of a bed.
type process struct {
	pid  int
	bed  string // the bed's folder
	name string // such as east/mon.a; empty for what a daemon or a command started
}

// runningProcesses returns the processes of all beds on this machine, without zombies, which have no environment.
func runningProcesses() ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		environment, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ"))
		if err != nil {
			continue
		}
		if p, ok := parseEnvironment(environment); ok {
			p.pid = pid
			found = append(found, p)
		}
	}
	return found, nil
}

// parseEnvironment reads from the text of /proc/PID/environ to which bed a process belongs, if to any.
func parseEnvironment(environment []byte) (process, bool) {
	var p process
	for _, variable := range bytes.Split(environment, []byte{0}) {
		name, value, _ := strings.Cut(string(variable), "=")
		switch name {
		case bedVariable:
			p.bed = value
		case processVariable:
			p.name = value
		case "HOME":
			// libvirt starts QEMU with an environment of its own, where only folders lead to the bed.
			if bed, ok := bedOfHome(value); ok && p.bed == "" {
				p.bed = bed
			}
		}
	}
	return p, p.bed != ""
}

// bedOfHome finds the bed's folder above a home folder, by its layoutFile.
func bedOfHome(home string) (string, bool) {
	for folder := filepath.Clean(home); folder != "/" && folder != "."; folder = filepath.Dir(folder) {
		if _, err := os.Lstat(filepath.Join(folder, layoutFile)); err == nil {
			return folder, true
		}
	}
	return "", false
}

func processesOf(dir string) ([]process, error) {
	all, err := runningProcesses()
	if err != nil {
		return nil, err
	}
	var found []process
	for _, p := range all {
		if p.bed == dir {
			found = append(found, p)
		}
	}
	return found, nil
}

// HasEnded reports whether a process has released everything. Its environment is gone before its locks and ports are, and a new
// process that is started too early could fail.
func HasEnded(pid int) bool {
	state, err := processState(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	if state != 'Z' && state != 'X' {
		return false
	}
	// The state is that of the first thread. The locks are held until the last one is gone.
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	return err != nil || len(threads) <= 1
}

// processState returns the letter of a process's or thread's state.
func processState(statFile string) (byte, error) {
	content, err := os.ReadFile(statFile)
	if err != nil {
		return 0, err
	}
	// The state follows the command's name, which is in parentheses and may hold anything.
	_, state, _ := strings.Cut(string(content[bytes.LastIndexByte(content, ')')+1:]), " ")
	if state == "" {
		return 0, fmt.Errorf("%s has no state: %q", statFile, content)
	}
	return state[0], nil
}

// isPaused reports whether all threads of a process are stopped. A signal stops them one after the other.
func isPaused(pid int) (bool, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false, err
	}
	for _, thread := range threads {
		state, err := processState(thread)
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil || state != 'T' {
			return false, err
		}
	}
	return len(threads) > 0, nil
}

// endProcesses kills all processes of the bed until none is left. It looks again each time, since a daemon may just have started
// another one.
func endProcesses(dir string) error {
	deadline := time.Now().Add(endTimeout)
	for {
		found, err := processesOf(dir)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes of the testbed %s don't end: %v", dir, found)
		}
		for _, p := range found {
			if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("can't end process %d (%s) of the testbed %s: %w", p.pid, p.name, dir, err)
			}
		}
		time.Sleep(pollInterval)
	}
}

// end ends the bed in dir and removes the folder.
func end(dir string) error {
	if err := endProcesses(dir); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// Running returns the folders of all beds that have a process on this machine.
func Running() ([]string, error) {
	all, err := runningProcesses()
	if err != nil {
		return nil, err
	}
	var dirs []string
	seen := map[string]bool{}
	for _, p := range all {
		if !seen[p.bed] {
			seen[p.bed] = true
			dirs = append(dirs, p.bed)
		}
	}
	return dirs, nil
}
