package testbed

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParseEnvironment(t *testing.T) {
	bed := t.TempDir()
	if err := os.WriteFile(filepath.Join(bed, layoutFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		environment []string
		want        process
		ours        bool
	}{
		"a daemon": {
			[]string{"PATH=/bin", bedVariable + "=/tmp/bed-1", processVariable + "=east/mon.a"},
			process{bed: "/tmp/bed-1", name: "east/mon.a"},
			true,
		},
		"a QEMU that libvirt began": {
			[]string{"PATH=/bin", "HOME=" + bed + "/kvm1/config/libvirt/qemu/lib/domain-1-vm"},
			process{bed: bed},
			true,
		},
		"an operator's shell": {[]string{"HOME=/root", "CEPH_CONF=" + bed + "/east/ceph.conf", "PWD=" + bed}, process{}, false},
		"a keeper":            {[]string{keeperVariable + "=" + bed}, process{}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, ours := parseEnvironment([]byte(strings.Join(c.environment, "\x00") + "\x00"))
			if got != c.want && ours || ours != c.ours {
				t.Errorf("got %+v, %v", got, ours)
			}
		})
	}
}

func TestHasEnded(t *testing.T) {
	child := exec.Command("/bin/sleep", "600")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if HasEnded(child.Process.Pid) {
		t.Error("a running process was taken for one that has ended")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// As long as nobody waits for it, it stays as a zombie.
	for !HasEnded(child.Process.Pid) {
		time.Sleep(pollInterval)
	}
	_ = child.Wait() // killed, as was asked for
	if !HasEnded(child.Process.Pid) {
		t.Error("a process that is gone hasn't ended")
	}
}

func TestPausedWithAllThreads(t *testing.T) {
	child := exec.Command("/bin/sleep", "600")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(child.Process.Kill(), child.Wait()) }()
	for _, step := range []struct {
		signal syscall.Signal
		paused bool
	}{{0, false}, {syscall.SIGSTOP, true}, {syscall.SIGCONT, false}} {
		if err := child.Process.Signal(step.signal); err != nil {
			t.Fatal(err)
		}
		for paused := !step.paused; paused != step.paused; time.Sleep(pollInterval) {
			var err error
			if paused, err = isPaused(child.Process.Pid); err != nil {
				t.Fatal(err)
			}
		}
	}
	if paused, err := isPaused(1 << 30); paused || err != nil {
		t.Errorf("a process that doesn't exist: %v, %v", paused, err)
	}
}
