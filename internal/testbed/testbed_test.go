package testbed

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

func TestKeeperRemovesTheBedUnlessTold(t *testing.T) {
	for order, kept := range map[string]bool{"": false, keepOrder: true} {
		dir := filepath.Join(t.TempDir(), "bed")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if status := keep(dir, strings.NewReader(order)); status != 0 {
			t.Errorf("order %q: exit status %d", order, status)
		}
		if _, err := os.Stat(dir); (err == nil) != kept {
			t.Errorf("order %q: the folder is there: %v", order, err == nil)
		}
	}
}

func TestHasEnded(t *testing.T) {
	child := exec.Command("/bin/sleep", "600")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if hasEnded(child.Process.Pid) {
		t.Error("a running process was taken for one that has ended")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// As long as nobody waits for it, it stays as a zombie.
	for !hasEnded(child.Process.Pid) {
		time.Sleep(pollInterval)
	}
	_ = child.Wait() // killed, as was asked for
	if !hasEnded(child.Process.Pid) {
		t.Error("a process that is gone hasn't ended")
	}
}

func TestMonHost(t *testing.T) {
	got := monHost([]MonAddr{
		{Host: "192.0.2.1", V1Port: defaultV1Port, V2Port: defaultV2Port},
		{Host: "2001:db8::1", V1Port: 10000, V2Port: 10001},
	})
	if want := "192.0.2.1,[v2:[2001:db8::1]:10001,v1:[2001:db8::1]:10000]"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestPrepareDirRefuses(t *testing.T) {
	full := "/tmp/bed-test-full"
	if err := os.MkdirAll(full+"/data", 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(full)
	for dir, want := range map[string]string{
		"/tmp/" + strings.Repeat("x", maxDirLength): "too long",
		full: "isn't empty",
	} {
		if _, err := prepareDir(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if _, err := os.Stat(full + "/data"); err != nil {
		t.Error("somebody else's folder was touched")
	}
}

func TestCheckNames(t *testing.T) {
	for _, names := range [][]string{{"kvm1", "kvm1"}, {"guest"}, {"a/b"}, {""}, {"thirteen-char"}} {
		if checkNames(Options{Hypervisors: names}) == nil {
			t.Errorf("%q were accepted", names)
		}
	}
	if err := checkNames(Options{Hypervisors: []string{"kvm1"}, Clusters: []ClusterOptions{{Name: "east"}}}); err != nil {
		t.Error(err)
	}
}

func TestParseDisks(t *testing.T) {
	disks, err := parseDisks("vda 33554432 east aGVsbG8KAAA=\nsda 1024 - -")
	if err != nil {
		t.Fatal(err)
	}
	want := []GuestDisk{
		{Name: "vda", Bytes: 33554432, Serial: "east", Head: "hello", Readable: true},
		{Name: "sda", Bytes: 1024},
	}
	if len(disks) != 2 || disks[0] != want[0] || disks[1] != want[1] {
		t.Errorf("got %+v", disks)
	}
	if _, err := parseDisks("sh: disks: not found"); err == nil {
		t.Error("nonsense was taken for a disk")
	}
}

// serialLine is a guest that answers one request, after lines that aren't for us.
type serialLine struct {
	request strings.Builder
	reply   *strings.Reader
}

func (l *serialLine) Write(p []byte) (int, error) { return l.request.Write(p) }

func (l *serialLine) Read(p []byte) (int, error) {
	if l.reply == nil {
		id := strings.Fields(l.request.String())[0]
		l.reply = strings.NewReader("guest: no disk\r\n@someone-else 0 eA==\r\n" + id + " 3 aGVsbG8=\r\n")
	}
	return l.reply.Read(p)
}

func TestExchange(t *testing.T) {
	status, output, err := exchange(&serialLine{}, "echo hello")
	if status != 3 || output != "hello" || err != nil {
		t.Errorf("got %d, %q, %v", status, output, err)
	}
}
