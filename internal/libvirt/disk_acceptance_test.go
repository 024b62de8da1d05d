package libvirt

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	rpc "github.com/digitalocean/go-libvirt"
	"github.com/google/uuid"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func TestRealDiskOfARunningGuest(t *testing.T) {
	bed := realDaemons(t)
	hypervisor := bed.Hypervisor("kvm1")
	h := kvm(t, bed, "kvm1", Config{})
	ctx := t.Context()
	makeImage(t, bed, "running")
	g := guest(t, bed, "kvm1", testbed.GuestOptions{}, true)
	secret := defineSecret(t, h, userKey(t, bed, testUser))
	disk := rbdDisk(bed, "running", "vdb", secret)

	before := expect.Value(h.Domain(ctx, g.Name))(t)
	if !before.Active || !before.Persistent || before.UUID != g.UUID || before.Where() != Live|Saved {
		t.Fatalf("%+v", before)
	}
	expect.NoError(t, h.ProbeDisk(ctx, before, disk))
	if list := expect.Value(hypervisor.Virsh(ctx, "list", "--all", "--name"))(t); strings.Contains(list, probePrefix) {
		t.Errorf("the probe is still there: %s", list)
	}
	expect.NoError(t, h.AttachDisk(ctx, g.UUID, disk, Live|Saved))
	seen := expect.Value(g.WaitDisk(ctx, func(d testbed.GuestDisk) bool { return d.Serial == "vdb-serial" }))(t)
	if seen.Bytes != imageBytes {
		t.Errorf("the guest sees %d bytes", seen.Bytes)
	}
	now := expect.Value(h.Domain(ctx, g.UUID))(t)
	for place, doc := range map[string]*Definition{"live": now.Live, "saved": now.Saved} {
		if d := doc.diskByAlias("ua-ceph-vdb"); d == nil || d.Target != "vdb" || d.SecretUUID != secret {
			t.Errorf("%s: %+v", place, d)
		}
	}
	if uses := expect.Value(h.SecretUsers(ctx, Secret{UUID: secret}))(t); len(uses) != 1 ||
		uses[0] != (DomainUse{Domain: g.Name, UUID: g.UUID, Target: "vdb", Active: true, Saved: true}) {
		t.Errorf("users of the secret: %+v", uses)
	}
	if uses := expect.Value(h.ImageUses(ctx))(t); len(uses) != 1 || !uses[0].Active || uses[0].Image != testPool+"/running" {
		t.Errorf("users of the image: %+v", uses)
	}
	expect.Problem(t, h.AttachDisk(ctx, g.UUID, disk, Live|Saved), problem.Invalid, "vdb", "kvm1")

	t.Run("grows", func(t *testing.T) {
		expect.Value(bed.Cluster("east").RBD(ctx, "resize", "--no-progress", "--size", "96M", testPool+"/running"))(t)
		if n := expect.Value(h.DiskBytes(ctx, g.UUID, "vdb"))(t); n != imageBytes {
			t.Errorf("QEMU knows %d bytes before it is told", n)
		}
		expect.NoError(t, h.ResizeDisk(ctx, g.UUID, disk, 96*mebibyte))
		expect.Value(g.WaitDisk(ctx, func(d testbed.GuestDisk) bool { return d.Serial == "vdb-serial" && d.Bytes == 96*mebibyte }))(t)
		if n := expect.Value(h.DiskBytes(ctx, g.UUID, "vdb"))(t); n != 96*mebibyte {
			t.Errorf("%d bytes", n)
		}
		expect.Problem(t, h.ResizeDisk(ctx, g.UUID, disk, 96*mebibyte-512), problem.Refused, "cut the image")
		if n := expect.Value(bed.Cluster("east").RBD(ctx, "info", "--format", "json", testPool+"/running"))(t); !strings.Contains(string(n),
			`"size":100663296`) {
			t.Errorf("the image changed: %s", n)
		}
	})
	t.Run("limits", func(t *testing.T) {
		for _, limits := range []Limits{
			{Rates: map[string]uint64{"total_iops_sec": 1000, "total_bytes_sec": 50_000_000}},
			{Rates: map[string]uint64{"total_iops_sec": 500, "total_iops_sec_max": 2000, "total_iops_sec_max_length": 5, "size_iops_sec": 4096}},
			{Rates: map[string]uint64{"total_iops_sec": 600}, Group: "shared"},
			{Rates: map[string]uint64{"read_bytes_sec": 10_000_000, "write_iops_sec": 100}},
			{Rates: map[string]uint64{"total_iops_sec": 700}, Group: "shared"},
			{},
		} {
			expect.NoError(t, h.SetIOTune(ctx, g.UUID, disk, limits, Live|Saved))
			shown := expect.Value(hypervisor.Virsh(ctx, "blkdeviotune", g.Name, "vdb", "--live"))(t)
			for _, name := range LimitNames() {
				// Without a length of its own a burst takes one second.
				if !hasLine(shown, name, limits.Rates[name]) && limits.Rates[name] != 0 || name == "write_iops_sec" &&
					!hasLine(shown, name, limits.Rates[name]) {
					t.Errorf("%+v: virsh shows %s", limits, shown)
				}
			}
			if grouped := strings.Contains(shown, "shared"); grouped != (limits.Group != "") {
				t.Errorf("%+v: virsh shows the group in %s", limits, shown)
			}
		}
	})
	t.Run("changes in the saved definition", func(t *testing.T) {
		saved := *expect.Value(h.Domain(ctx, g.UUID))(t).Saved.DiskByTarget("vdb")
		saved.Cache, saved.Serial = "writeback", "other"
		saved.Monitors = []Monitor{{Host: "192.0.2.1"}, {Host: "192.0.2.2", Port: 3300}}
		expect.NoError(t, h.UpdateSavedDisk(ctx, g.UUID, saved))
		after := expect.Value(h.Domain(ctx, g.UUID))(t)
		if d := after.Saved.DiskByTarget("vdb"); d.Cache != "writeback" || len(d.Monitors) != 2 || d.Serial != "other" {
			t.Errorf("%+v", d)
		}
		if d := after.Live.DiskByTarget("vdb"); d.Cache != "none" || d.Serial != "vdb-serial" {
			t.Errorf("the running guest was touched: %+v", d)
		}
		absent := rbdDisk(bed, "running", "vdq", secret)
		absent.Alias = ""
		expect.Problem(t, h.UpdateSavedDisk(ctx, g.UUID, absent), problem.NotFound, "vdq")
	})
	t.Run("another's disk stays", func(t *testing.T) {
		theirs := rbdDisk(bed, "running", "vdb", secret)
		theirs.Alias = "ua-somebody-else"
		before := expect.Value(h.Domain(ctx, g.UUID))(t)
		expect.NoError(t, h.DetachDisk(ctx, g.UUID, theirs, Live|Saved))
		changed := theirs
		changed.Serial = "theirs"
		expect.Problem(t, h.UpdateSavedDisk(ctx, g.UUID, changed), problem.NotFound, "vdb", "another one is in its place")
		expect.Problem(t, h.SetIOTune(ctx, g.UUID, theirs, Limits{Rates: map[string]uint64{"total_iops_sec": 7}}, Live), problem.NotFound, "vdb")
		expect.Problem(t, h.SetIOTune(ctx, g.UUID, theirs, Limits{Rates: map[string]uint64{"total_iops_sec": 7}}, Saved), problem.NotFound, "vdb")
		expect.Problem(t, h.ResizeDisk(ctx, g.UUID, theirs, 128*mebibyte), problem.NotFound, "vdb")
		if now := expect.Value(h.Domain(ctx, g.UUID))(t); !reflect.DeepEqual(before, now) {
			t.Error("a disk was changed that is not the one that was named")
		}
	})
	t.Run("goes", func(t *testing.T) {
		expect.NoError(t, h.DetachDisk(ctx, g.UUID, disk, Live|Saved))
		now := expect.Value(h.Domain(ctx, g.UUID))(t)
		if now.Live.DiskByTarget("vdb") != nil || now.Saved.DiskByTarget("vdb") != nil {
			t.Error("it is still there")
		}
		expect.NoError(t, g.WaitNoDisk(ctx, func(d testbed.GuestDisk) bool { return d.Serial == "vdb-serial" }))
		expect.NoError(t, h.DetachDisk(ctx, g.UUID, disk, Live|Saved))
	})
}

func hasLine(text, name string, value uint64) bool {
	for _, line := range strings.Split(text, "\n") {
		key, v, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == name && strings.TrimSpace(v) == fmt.Sprint(value) {
			return true
		}
	}
	return false
}

func TestRealDiskOfAStoppedAndATransientDomain(t *testing.T) {
	bed := realDaemons(t)
	h := kvm(t, bed, "kvm1", Config{})
	ctx := t.Context()
	t.Run("stopped", func(t *testing.T) {
		g := guest(t, bed, "kvm1", testbed.GuestOptions{Machine: "pc"}, false)
		disk := rbdDisk(bed, "nowhere", "vdc", "00000000-0000-4000-8000-000000000000")
		if d := expect.Value(h.Domain(ctx, g.UUID))(t); d.Active || d.Live != nil || d.Where() != Saved {
			t.Fatalf("%+v", d)
		}
		expect.Problem(t, h.AttachDisk(ctx, g.UUID, disk, Live|Saved), problem.Busy, "it was shut off")
		expect.NoError(t, h.AttachDisk(ctx, g.UUID, disk, Saved))
		another := Secret{UUID: "00000000-0000-4000-8000-000000000000"}
		if uses := expect.Value(h.SecretUsers(ctx, another))(t); len(uses) != 1 || uses[0].Active {
			t.Errorf("%+v", uses)
		}
		expect.NoError(t, h.SetIOTune(ctx, g.UUID, disk, Limits{Rates: map[string]uint64{"total_iops_sec": 7}}, Saved))
		expect.NoError(t, h.SetIOTune(ctx, g.UUID, disk, Limits{}, Saved))
		expect.NoError(t, h.DetachDisk(ctx, g.UUID, disk, Live|Saved))
		if d := expect.Value(h.Domain(ctx, g.UUID))(t); d.Saved.DiskByTarget("vdc") != nil {
			t.Error("it is still there")
		}
		_, err := h.Domain(ctx, "no-such-domain")
		expect.Problem(t, err, problem.NotFound, "no-such-domain", "kvm1")
		expect.Problem(t, h.AttachDisk(ctx, "00000000-0000-4000-8000-000000000001", disk, Saved), problem.NotFound)
		expect.NoError(t, h.DetachDisk(ctx, "00000000-0000-4000-8000-000000000001", disk, Saved))
	})
	t.Run("transient and deaf", func(t *testing.T) {
		makeImage(t, bed, "deaf")
		g := guest(t, bed, "kvm1", testbed.GuestOptions{Transient: true, NoDrivers: true}, true)
		disk := rbdDisk(bed, "deaf", "vdb", defineSecret(t, h, userKey(t, bed, testUser)))
		if d := expect.Value(h.Domain(ctx, g.UUID))(t); d.Saved != nil || d.Where() != Live {
			t.Fatalf("%+v", d)
		}
		expect.NoError(t, h.AttachDisk(ctx, g.UUID, disk, Live))
		short, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		err := expect.Return(t, func() error { return h.DetachDisk(short, g.UUID, disk, Live) })
		expect.Problem(t, err, problem.Busy, "did not let go", "shut the domain off")
		// Switched off while it is waited for, it has nothing left to hold.
		go func() { _ = g.Destroy(ctx) }()
		expect.NoError(t, expect.Return(t, func() error { return h.DetachDisk(ctx, g.UUID, disk, Live) }))
	})
}

func TestRealDomainsOnSeveralHosts(t *testing.T) {
	bed := realDaemons(t)
	one, two := kvm(t, bed, "kvm1", Config{}), kvm(t, bed, "kvm2", Config{})
	dead := host(t, Config{Label: "dead", URI: "qemu+unix:///system?socket=" + t.TempDir() + "/none"})
	g := guest(t, bed, "kvm2", testbed.GuestOptions{}, false)
	found, unreachable := findDomain(t.Context(), []*Host{one, two, dead}, g.UUID)
	if len(found) != 1 || found[0].Host != two || found[0].Domain.Name != g.Name {
		t.Errorf("%+v", found)
	}
	if len(unreachable) != 1 || !strings.Contains(unreachable[0].Err.Error(), "dead") {
		t.Errorf("%v", unreachable)
	}
}

func TestRealProbeOfWhatCannotBeOpened(t *testing.T) {
	bed := realDaemons(t)
	hypervisor := bed.Hypervisor("kvm1")
	ctx := t.Context()
	h := kvm(t, bed, "kvm1", Config{})
	// What is never opened costs its whole limit; what has to succeed gets a generous one.
	shortLimit := kvm(t, bed, "kvm1", Config{})
	expect.Value(shortLimit.UUID(ctx))(t)
	shortLimit.config.OperationTimeout = 5 * time.Second
	like := expect.Value(h.Domain(ctx, guest(t, bed, "kvm1", testbed.GuestOptions{}, false).UUID))(t)
	makeImage(t, bed, "probed")
	secret := defineSecret(t, h, userKey(t, bed, testUser))
	good := rbdDisk(bed, "probed", "vdb", secret)
	expectNoProbe := func(t *testing.T) {
		t.Helper()
		// Where its end took longer than it may, the daemon ends it with the connection, a moment later.
		expect.Eventually(t, "the end of the probe", func() bool {
			return !strings.Contains(expect.Value(hypervisor.Virsh(ctx, "list", "--all", "--name"))(t), probePrefix)
		})
	}
	for _, bus := range []string{"virtio", "scsi", "sata"} {
		t.Run("good on "+bus, func(t *testing.T) {
			disk := good
			disk.Target, disk.Bus = "sdb", bus
			expect.NoError(t, h.ProbeDisk(ctx, like, disk))
			expectNoProbe(t)
		})
	}
	t.Run("no such image", func(t *testing.T) {
		expect.Problem(t, h.ProbeDisk(ctx, like, rbdDisk(bed, "missing", "vdb", secret)), problem.Refused, "No such file or directory",
			"No guest was touched")
		expectNoProbe(t)
	})
	t.Run("no such secret", func(t *testing.T) {
		expect.Problem(t, h.ProbeDisk(ctx, like, rbdDisk(bed, "probed", "vdb", "00000000-0000-4000-8000-000000000000")), problem.Invalid,
			"secret isn't defined")
	})
	t.Run("the key's text as the value", func(t *testing.T) {
		text := expect.Value(bed.Cluster("east").Ceph(ctx, "auth", "print-key", "client."+testUser))(t)
		err := h.ProbeDisk(ctx, like, rbdDisk(bed, "probed", "vdb", defineSecret(t, h, text)))
		kind, words := problem.Refused, []string{"Invalid argument", "decoded key"}
		if problem.Is(err, problem.Unreachable) { // librbd from 20.2 takes any value for a key, which the monitors then refuse
			kind, words = problem.Unreachable, []string{"has the key that the secret holds"}
		}
		expect.Problem(t, err, kind, words...)
	})
	dead := good
	dead.Monitors = []Monitor{{Host: "127.0.0.99", Port: 1}}
	t.Run("dead monitors", func(t *testing.T) {
		err := expect.Return(t, func() error { return shortLimit.ProbeDisk(ctx, like, dead) })
		expect.Problem(t, err, problem.Unreachable, "127.0.0.99 port 1", testUser, "no answer within 5s")
		expectNoProbe(t)
	})
	t.Run("wrong key", func(t *testing.T) {
		wrong := userKey(t, bed, "admin")
		err := expect.Return(t, func() error {
			return shortLimit.ProbeDisk(ctx, like, rbdDisk(bed, "probed", "vdb", defineSecret(t, h, wrong)))
		})
		expect.Problem(t, err, problem.Unreachable, "refuse the user's key")
		expectNoProbe(t)
	})
	t.Run("cancelled", func(t *testing.T) {
		short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
		expect.Problem(t, expect.Return(t, func() error { return h.ProbeDisk(short, like, dead) }), problem.Unreachable)
		expectNoProbe(t)
	})
}

func TestRealProbesOfKilledRuns(t *testing.T) {
	bed := realDaemons(t)
	hypervisor := bed.Hypervisor("kvm1")
	ctx := t.Context()
	h := kvm(t, bed, "kvm1", Config{})
	like := expect.Value(h.Domain(ctx, guest(t, bed, "kvm1", testbed.GuestOptions{}, false).UUID))(t)
	makeImage(t, bed, "left")
	disk := rbdDisk(bed, "left", "vdb", defineSecret(t, h, userKey(t, bed, testUser)))
	listed := func() string { return expect.Value(hypervisor.Virsh(ctx, "list", "--all", "--name"))(t) }
	leave := func(on *Host, until time.Time, owner string, flags rpc.DomainCreateFlags) string {
		t.Helper()
		id := uuid.New()
		text := expect.Value(probeXML(id, like, disk, probeMark{Until: until.UTC().Format(time.RFC3339), Owner: owner}))(t)
		expect.Value(change(ctx, on, operation{doing: "leave a probe"}, onHost("DomainCreateXML"), func(l *rpc.Libvirt) (rpc.Domain, error) {
			return l.DomainCreateXML(text, flags)
		}))(t)
		name := probePrefix + id.String()
		t.Cleanup(func() { _, _ = hypervisor.Virsh(context.Background(), "destroy", name) })
		return name
	}

	// The daemon ends the probe when its run's connection goes.
	dying := kvm(t, bed, "kvm1", Config{})
	own := leave(dying, time.Now().Add(time.Hour), "", rpc.DomainStartPaused|rpc.DomainStartAutodestroy)
	if !strings.Contains(listed(), own) {
		t.Fatal("the probe did not start")
	}
	dying.Close()
	for deadline := time.Now().Add(expect.Timeout); strings.Contains(listed(), own); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the probe outlived its connection")
		}
	}

	// Where a restart of the daemon made it forget, the next probe clears up.
	place, _, _ := strings.Cut(thisProcess(), " ")
	expired := leave(h, time.Now().Add(-time.Second), "elsewhere 1 1", rpc.DomainStartPaused)
	killed := leave(h, time.Now().Add(time.Hour), place+" 1 1", rpc.DomainStartPaused)
	going := leave(h, time.Now().Add(time.Hour), "elsewhere 1 1", rpc.DomainStartPaused)
	mine := leave(h, time.Now().Add(time.Hour), thisProcess(), rpc.DomainStartPaused)
	expect.NoError(t, h.ProbeDisk(ctx, like, disk))
	now := listed()
	for name, stays := range map[string]bool{expired: false, killed: false, going: true, mine: true} {
		if strings.Contains(now, name) != stays {
			t.Errorf("%s: it should stay: %v; there are %s", name, stays, now)
		}
	}
	if uses := expect.Value(h.ImageUses(ctx))(t); len(uses) != 0 {
		t.Errorf("a probe is reported as a user of the image: %+v", uses)
	}
}

// A daemon that is frozen, or gone, costs reads one attempt to connect. Once it is back a change connects again, for all.
func TestRealFrozenDaemon(t *testing.T) {
	bed := realDaemons(t)
	hypervisor := bed.Hypervisor("kvm2")
	h := kvm(t, bed, "kvm2", Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 5*expect.Timeout)
	defer cancel()
	expect.Value(h.Secrets(ctx, UsageCeph))(t)
	// The limits are short only while nothing can answer.
	configured := h.config
	h.config.ConnectTimeout, h.config.OperationTimeout = time.Second, time.Second
	expect.NoError(t, hypervisor.Pause())
	t.Cleanup(func() { _ = hypervisor.Resume() })
	for range 3 {
		_, err := h.Secrets(ctx, UsageCeph)
		expect.Problem(t, err, problem.Unreachable, "kvm2", "no answer within 1s")
	}
	h.config = configured
	expect.NoError(t, hypervisor.Resume())
	_, err := h.Secrets(ctx, UsageCeph)
	expect.Problem(t, err, problem.Unreachable, "kvm2", "no answer within 1s")
	expect.Value(h.Secrets(breaker.Retry(ctx), UsageCeph))(t)
	expect.Value(h.Secrets(ctx, UsageCeph))(t)
	expect.NoError(t, hypervisor.Kill())
	_, err = h.Secrets(ctx, UsageCeph)
	expect.Problem(t, err, problem.Unreachable, "kvm2")
	expect.NoError(t, hypervisor.Start(ctx))
	expect.Value(h.Secrets(breaker.Retry(ctx), UsageCeph))(t)
	expect.Value(h.Secrets(ctx, UsageCeph))(t)
}
