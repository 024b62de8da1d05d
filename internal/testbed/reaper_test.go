package testbed

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReaperWaitsForOrphans(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can start a program as another user")
	}
	reaper := exec.CommandContext(t.Context(), "/proc/self/exe", "65534", "65534", "/bin/sh", "-c", `sleep 600 >/dev/null & echo $$ $! "$`+
		processVariable+`"`)
	reaper.Env = []string{reaperVariable + "=kvm1/libvirtd"}
	reaper.Stderr = os.Stderr
	output, err := reaper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reaper.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var daemon, orphan int
	var name string
	if _, err := fmt.Sscan(line, &daemon, &orphan, &name); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if name != "kvm1/libvirtd" {
		t.Errorf("the daemon is called %q", name)
	}
	parent := daemon
	for parent == daemon {
		time.Sleep(pollInterval)
		parent = parentOf(t, orphan)
	}
	if parent != reaper.Process.Pid {
		t.Errorf("the orphan went to process %d, the reaper is %d", parent, reaper.Process.Pid)
	}
	if err := syscall.Kill(orphan, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := reaper.Wait(); err != nil {
		t.Error(err)
	}
}

func parentOf(t *testing.T, pid int) int {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	var parent int
	fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
	if _, err := fmt.Sscan(fields[1], &parent); err != nil {
		t.Fatal(err)
	}
	return parent
}
