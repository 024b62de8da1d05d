package testbed_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// ownerVariable turns the test binary into a program that owns a bed, until it is killed.
const ownerVariable = "CEPH_TESTBED_TEST_OWNER"

func TestMain(m *testing.M) {
	if os.Getenv(ownerVariable) != "" {
		os.Exit(ownBed())
	}
	os.Exit(m.Run())
}

// ownBed starts a bed with a guest, prints its folder, and sleeps.
func ownBed() int {
	ctx := context.Background()
	bed, err := testbed.Start(ctx, testbed.Options{
		Clusters: []testbed.ClusterOptions{{Name: "east"}}, Hypervisors: []string{"kvm1"},
	})
	if err != nil {
		os.Stderr.WriteString(err.Error())
		return 1
	}
	guest, err := bed.Hypervisor("kvm1").DefineGuest(ctx, testbed.GuestOptions{Name: "vm"})
	if err == nil {
		err = guest.Start(ctx)
	}
	if err != nil {
		os.Stderr.WriteString(err.Error())
		return 1
	}
	os.Stdout.WriteString(bed.Dir + "\n")
	time.Sleep(testTimeout)
	return 0
}

// mentions returns the processes whose command line or environment contains the folder's path. It does not use the testbed's code.
func mentions(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	for _, name := range []string{"cmdline", "environ"} {
		paths := must[[]string](t)(filepath.Glob("/proc/[0-9]*/" + name))
		for _, path := range paths {
			// The process may have ended meanwhile.
			if content, err := os.ReadFile(path); err == nil && bytes.Contains(content, []byte(dir)) {
				found = append(found, path+": "+string(bytes.ReplaceAll(content, []byte{0}, []byte{' '})))
			}
		}
	}
	return found
}

// TestAccNothingIsLeft ends the owner of a bed with SIGKILL and SIGINT, and looks for processes and files that are left.
func TestAccNothingIsLeft(t *testing.T) {
	ctx := acceptance(t)
	for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		t.Run(s.String(), func(t *testing.T) {
			owner := exec.Command("/proc/self/exe")
			owner.Env = append(os.Environ(), ownerVariable+"=1")
			var stderr bytes.Buffer
			owner.Stderr = &stderr
			pipe, err := owner.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := owner.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(pipe).ReadString('\n')
			if err != nil {
				t.Fatalf("the owner has no bed: %v: %s", err, stderr.String())
			}
			dir := strings.TrimSpace(line)
			if running := mentions(t, dir); !strings.Contains(strings.Join(running, "\n"), "qemu-system") {
				t.Fatalf("the guest isn't among the processes of the bed: %s", running)
			}
			if err := owner.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			_ = owner.Wait() // the signal makes it fail
			for {
				_, err := os.Stat(dir)
				running := mentions(t, dir)
				if os.IsNotExist(err) && len(running) == 0 {
					return
				}
				if ctx.Err() != nil {
					t.Fatalf("left after the end of the owner: folder %v, processes %s", err == nil, running)
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}

// TestAccTwoBeds starts two beds at once, with the same names in both, and ends one.
func TestAccTwoBeds(t *testing.T) {
	ctx := acceptance(t)
	options := testbed.Options{Clusters: []testbed.ClusterOptions{{Name: "east", DefaultPorts: true}}, Hypervisors: []string{"kvm1"}}
	type result struct {
		bed *testbed.Bed
		err error
	}
	other := make(chan result)
	go func() {
		bed, err := testbed.Start(ctx, options)
		other <- result{bed, err}
	}()
	second := start(t, ctx, options)
	first := <-other
	if first.err != nil {
		t.Fatal(first.err)
	}
	if first.bed.Cluster("east").FSID == second.Cluster("east").FSID || first.bed.Hypervisor("kvm1").UUID == second.Hypervisor("kvm1").UUID {
		t.Error("two beds have the same identity")
	}
	if err := first.bed.Stop(); err != nil {
		t.Fatal(err)
	}
	if left := mentions(t, first.bed.Dir); len(left) > 0 {
		t.Errorf("left after Stop: %s", left)
	}
	makeImage(t, ctx, second.Cluster("east"), "vms", "data", "still here")
	capabilities := must[string](t)(second.Hypervisor("kvm1").Virsh(ctx, "capabilities"))
	if !strings.Contains(capabilities, second.Hypervisor("kvm1").UUID) {
		t.Error("the hypervisor doesn't show the host_uuid that was chosen")
	}
}

// TestAccKeptBed opens a bed that is kept running, and shows what survives a stop, a pause and a restart.
func TestAccKeptBed(t *testing.T) {
	ctx := acceptance(t)
	kept := must[*testbed.Bed](t)(testbed.Start(ctx, testbed.Options{
		Clusters: []testbed.ClusterOptions{{Name: "east"}}, Hypervisors: []string{"kvm1"}, KeepRunning: true,
	}))
	bed, err := testbed.Open(kept.Dir)
	if err != nil {
		t.Fatal(err, kept.Stop())
	}
	t.Cleanup(func() {
		if err := bed.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, h := bed.Cluster("east"), bed.Hypervisor("kvm1")
	if c.AdminKey != kept.Cluster("east").AdminKey || c.MonHost != kept.Cluster("east").MonHost {
		t.Error("the bed that was opened isn't the bed that was started")
	}
	layout := must[[]byte](t)(os.ReadFile(filepath.Join(bed.Dir, "bed.json")))
	if bytes.Contains(layout, []byte(c.AdminKey)) {
		t.Error("the description of the bed holds a key")
	}

	t.Run("memstore keeps its data over a stop", func(t *testing.T) {
		makeImage(t, ctx, c, "vms", "data", "kept over a stop")
		if err := c.StopDaemons(); err != nil {
			t.Fatal(err)
		}
		if output, err := c.Ceph(ctx, "status", "--connect-timeout", "1"); err == nil {
			t.Fatalf("a stopped cluster answers: %s", output)
		}
		if err := c.StartDaemons(ctx); err != nil {
			t.Fatal(err)
		}
		content := must[[]byte](t)(c.RBD(ctx, "export", "--no-progress", "vms/data", "-"))
		if !bytes.HasPrefix(content, []byte("kept over a stop")) {
			t.Error("the image has lost its content")
		}
	})
	t.Run("a paused cluster doesn't answer", func(t *testing.T) {
		if err := c.Pause(); err != nil {
			t.Fatal(err)
		}
		if output, err := c.Ceph(ctx, "status", "--connect-timeout", "1"); err == nil {
			t.Errorf("a paused cluster answers: %s", output)
		}
		if err := c.Resume(); err != nil {
			t.Fatal(err)
		}
		must[[]byte](t)(c.Ceph(ctx, "status"))
	})
	t.Run("ceph of a process that is kept does as ceph does", func(t *testing.T) {
		const keyring = "[client.forked]\n\tkey = AQAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==\n\tcaps mon = \"allow r\"\n"
		must[[]byte](t)(c.CephIn(ctx, keyring, "auth", "import", "-i", "-"))
		for _, args := range []string{
			"osd crush rule ls", "auth get client.forked --format json", "tell mon.a version", "osd pool get nothing size",
			"nothing", "config-key set a -i -",
		} {
			command := exec.CommandContext(ctx, "ceph", append([]string{"--conf", c.ConfigFile}, strings.Fields(args)...)...)
			var stdout, stderr bytes.Buffer
			command.Stdin, command.Stdout, command.Stderr = strings.NewReader("value"), &stdout, &stderr
			want := command.Run()
			output, err := c.CephIn(ctx, "value", strings.Fields(args)...)
			if string(output) != stdout.String() || (err == nil) != (want == nil) {
				t.Errorf("%s: %v, %q; by itself %v, %q", args, err, output, want, stdout.String())
			}
			if want != nil && !strings.Contains(err.Error(), want.Error()+": "+strings.TrimSpace(stderr.String())) {
				t.Errorf("%s: %v\nby itself %v: %s", args, err, want, stderr.String())
			}
		}
		if err := c.PauseMonitors(); err != nil {
			t.Fatal(err)
		}
		ended, end := context.WithTimeout(ctx, time.Second)
		defer end()
		_, err := c.Ceph(ended, "status", "--connect-timeout", "3600")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := c.ResumeMonitors(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a guest survives its libvirtd", func(t *testing.T) {
		guest := must[*testbed.Guest](t)(h.DefineGuest(ctx, testbed.GuestOptions{Name: "vm"}))
		if err := guest.Start(ctx); err != nil {
			t.Fatal(err)
		}
		if err := h.Restart(ctx); err != nil {
			t.Fatal(err)
		}
		if err := h.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := h.Start(ctx); err != nil {
			t.Fatal(err)
		}
		capabilities := must[string](t)(h.Virsh(ctx, "capabilities"))
		if !strings.Contains(capabilities, h.UUID) {
			t.Error("the host_uuid changed with the restart")
		}
		must[[]testbed.GuestDisk](t)(guest.Disks(ctx))
		if list := must[string](t)(h.Virsh(ctx, "list", "--name")); strings.TrimSpace(list) != guest.Name {
			t.Errorf("libvirtd doesn't find its guest after a crash: %q", list)
		}
	})
}

// TestAccLargeCluster starts three monitors and three OSDs on BlueStore, and reads an image after one of each has ended.
func TestAccLargeCluster(t *testing.T) {
	ctx := acceptance(t)
	bed := start(t, ctx, testbed.Options{
		Clusters:    []testbed.ClusterOptions{{Name: "east", Monitors: 3, OSDs: 3, Store: testbed.BlueStore}},
		Hypervisors: []string{},
	})
	c := bed.Cluster("east")
	makeImage(t, ctx, c, "vms", "data", "three copies")
	for _, command := range [][]string{
		{"osd", "erasure-code-profile", "set", "ec", "k=2", "m=1", "crush-failure-domain=osd"},
		{"osd", "pool", "create", "ec", "8", "8", "erasure", "ec"},
		{"osd", "pool", "set", "ec", "allow_ec_overwrites", "true"},
	} {
		must[[]byte](t)(c.Ceph(ctx, command...))
	}
	must[[]byte](t)(c.RBD(ctx, "create", "--size", "8M", "--data-pool", "ec", "vms/coded"))
	if err := c.Monitor(0).Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.OSD(2).Stop(); err != nil {
		t.Fatal(err)
	}
	content := must[[]byte](t)(c.RBD(ctx, "export", "--no-progress", "vms/data", "-"))
	if !bytes.HasPrefix(content, []byte("three copies")) {
		t.Error("the image has lost its content")
	}
	// The other monitors notice the loss after a timeout; the read above may not have needed them.
	for names := quorum(t, ctx, c); len(names) != 2; names = quorum(t, ctx, c) {
		if ctx.Err() != nil {
			t.Fatalf("the quorum without mon.a is %v", names)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// quorum names the monitors of the quorum. Similar to: ceph quorum_status.
func quorum(t *testing.T, ctx context.Context, c *testbed.Cluster) []string {
	t.Helper()
	var status struct {
		Names []string `json:"quorum_names"`
	}
	if err := json.Unmarshal(must[[]byte](t)(c.Ceph(ctx, "quorum_status", "--format", "json")), &status); err != nil {
		t.Fatal(err)
	}
	return status.Names
}

// TestAccClusterOnIPv6 needs an IPv6 loopback.
func TestAccClusterOnIPv6(t *testing.T) {
	ctx := acceptance(t)
	if !testbed.HasIPv6() {
		t.Skip("this machine has no IPv6 loopback")
	}
	bed := start(t, ctx, testbed.Options{Clusters: []testbed.ClusterOptions{{Name: "east", IPv6: true}}, Hypervisors: []string{}})
	c := bed.Cluster("east")
	if !strings.Contains(c.MonHost, "[v2:[::1]:") {
		t.Errorf("mon_host is %s", c.MonHost)
	}
	makeImage(t, ctx, c, "vms", "data", "six")
}
