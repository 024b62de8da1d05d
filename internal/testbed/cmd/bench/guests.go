package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	runningGuests = 4
	disksOfGuest  = 10 // as in disks.tf
	disksAttached = 5  // as in attached.tf
)

// disksRow is planRow for disks: the first guests run, the others are shut off.
func disksRow(limits bars) func(context.Context, *bench, int) ([]result, error) {
	return func(ctx context.Context, b *bench, n int) ([]result, error) {
		if err := b.startGuests(ctx); err != nil {
			return nil, err
		}
		for i := range (n+disksOfGuest-1)/disksOfGuest - runningGuests {
			if _, err := b.hypervisor().DefineGuest(ctx, testbed.GuestOptions{Name: fmt.Sprintf("stopped-%d", i)}); err != nil {
				return nil, err
			}
		}
		if err := b.makeDiskSources(ctx, n); err != nil {
			return nil, err
		}
		return b.comparePlans(ctx, n, limits, "provider_hosts.tf", "disks.tf")
	}
}

func (b *bench) hypervisor() *testbed.Hypervisor { return b.bed.Hypervisors()[0] }

// startGuests starts the guests that run, and returns when they can plug in disks.
func (b *bench) startGuests(ctx context.Context) error {
	var group errgroup.Group
	for i := range runningGuests {
		guest, err := b.hypervisor().DefineGuest(ctx, testbed.GuestOptions{Name: fmt.Sprintf("running-%d", i), SparePorts: disksOfGuest + 2})
		if err != nil {
			return err
		}
		group.Go(func() error {
			if err := guest.Start(ctx); err != nil {
				return err
			}
			return guest.WaitReady(ctx)
		})
	}
	return group.Wait()
}

// makeDiskSources makes the images of n disks, and the user and the secret with which they are opened.
func (b *bench) makeDiskSources(ctx context.Context, n int) error {
	w, err := b.workspace(ctx, "provider_hosts.tf", "disk_sources.tf")
	if err == nil {
		_, err = w.run(ctx, b.ours, n, "apply", "-auto-approve")
	}
	return err
}

// attachRow measures disks that are attached to running guests beside virsh attach-device, which runs for all guests at the same time; and
// beside that and Terraform with a provider that does nothing, which is what it can't be faster than.
func attachRow(ctx context.Context, b *bench, n int) ([]result, error) {
	if err := b.startGuests(ctx); err != nil {
		return nil, err
	}
	if err := b.makeDiskSources(ctx, n); err != nil {
		return nil, err
	}
	w, err := b.workspace(ctx, "provider_hosts.tf", "attached.tf")
	if err != nil {
		return nil, err
	}
	if err := b.writeDisks(w.dir, n); err != nil {
		return nil, err
	}
	ofFloor, err := b.workspace(ctx, "provider_hosts.tf", "attached.tf")
	if err != nil {
		return nil, err
	}
	var bare, probed, floor, byHand []sample
	for range rounds {
		for _, step := range []struct {
			binary string
			w      *workspace
			probe  bool
			to     *[]sample
		}{{b.ours, w, false, &bare}, {b.ours, w, true, &probed}, {b.floor, ofFloor, false, &floor}} {
			probe := fmt.Sprintf("-var=probe=%v", step.probe)
			s, err := step.w.run(ctx, step.binary, n, "apply", "-auto-approve", probe)
			if err == nil {
				*step.to = append(*step.to, s)
				_, err = step.w.run(ctx, step.binary, n, "destroy", "-auto-approve", probe)
			}
			if err != nil {
				return nil, err
			}
		}
		took, err := timed(func() error { return b.virshEach(ctx, w.dir, "attach-device") })
		byHand = append(byHand, took)
		if err == nil {
			err = errors.Join(b.virshEach(ctx, w.dir, "detach-device"), b.awaitReleased(ctx))
		}
		if err != nil {
			return nil, err
		}
	}
	without, with, virsh := medians(bare).Wall, medians(probed).Wall, medians(byHand).Wall
	return []result{
		{What: "apply", Unit: "s", Ours: without, Of: "virsh", Other: virsh, Bar: 1.2},
		{What: "apply", Unit: "s", Ours: without, Of: "floor and virsh", Other: medians(floor).Wall + virsh},
		{What: "apply, probed", Unit: "s", Ours: with, Of: "without probe", Other: without},
	}, nil
}

// writeDisks writes what virsh attaches.
func (b *bench) writeDisks(dir string, n int) error {
	for i := range n {
		disk := fmt.Sprintf("<disk type='network' device='disk'><driver name='qemu' type='raw'/><auth username='disks'>"+
			"<secret type='ceph' uuid='77085c23-2177-4420-a661-c785df7f6230'/></auth><source protocol='rbd' name='disks/disk-%d'>%s</source>"+
			"<target dev='vd%c' bus='virtio'/></disk>", i, hosts(b.cluster), 'b'+i%disksAttached)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("disk-%d.xml", i)), []byte(disk), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// virshEach attaches or detaches the disks of each guest one after the other, and those of several guests at the same time.
func (b *bench) virshEach(ctx context.Context, dir, verb string) error {
	var group errgroup.Group
	env := slices.Concat(b.env, []string{"XDG_CACHE_HOME=" + filepath.Join(dir, "cache")})
	for guest := range runningGuests {
		group.Go(func() error {
			for i := range disksAttached {
				file := filepath.Join(dir, fmt.Sprintf("disk-%d.xml", guest*disksAttached+i))
				command := exec.CommandContext(ctx, "virsh", "-q", "-c", b.hypervisor().URI, verb, fmt.Sprintf("running-%d", guest), file,
					"--live", "--config")
				command.Env = env
				if out, err := command.CombinedOutput(); err != nil {
					return fmt.Errorf("virsh %s: %w\n%s", verb, err, out)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// awaitReleased returns when the guests have given their disks up.
func (b *bench) awaitReleased(ctx context.Context) error {
	for guest := range runningGuests {
		for {
			list, err := b.hypervisor().Virsh(ctx, "domblklist", fmt.Sprintf("running-%d", guest))
			if err != nil {
				return err
			}
			if !strings.Contains(list, "disks/disk-") {
				break
			}
		}
	}
	return nil
}

// hosts are the monitors of a cluster as a disk's definition names them.
func hosts(cluster *testbed.Cluster) string {
	var all strings.Builder
	for _, monitor := range cluster.Monitors {
		fmt.Fprintf(&all, "<host name='%s' port='%d'/>", monitor.Host, monitor.V1Port)
	}
	return all.String()
}
