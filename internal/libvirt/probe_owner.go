package libvirt

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// thisProcess names this process so that another one on the same machine can tell whether it still runs: the machine's boot,
// the space of process numbers, the number, and the start time, because numbers are used again. Empty where the system has no
// /proc.
func thisProcess() string {
	place := processPlace()
	started := processStart(os.Getpid())
	if place == "" || started == "" {
		return ""
	}
	return fmt.Sprintf("%s %d %s", place, os.Getpid(), started)
}

// processGone reports whether it is certain that a process, named by thisProcess, has ended. Of processes of other machines and
// containers nothing is known.
func processGone(owner string) bool {
	place, rest, ok := strings.Cut(owner, " ")
	if !ok || place != processPlace() {
		return false
	}
	var pid int
	var started string
	if _, err := fmt.Sscanf(rest, "%d %s", &pid, &started); err != nil {
		return false
	}
	return processStart(pid) != started
}

// processPlace names the boot of the machine and the name space in which process numbers mean something.
func processPlace() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(boot)) + "/" + space
}

// processStart is a process's start time in clock ticks since boot; empty where there is no such process.
func processStart(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The command's name, in parentheses, may hold anything; the start time is the 20th field after it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return ""
	}
	return fields[19]
}
