package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/terraformcli"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// The names that examples/multiple-clusters uses, and the folder that the demo keeps to.
const (
	folder     = "build/demo"
	example    = "examples/multiple-clusters"
	provider   = "build/terraform-provider-ceph"
	hypervisor = "kvm1"
	domain     = "centos80"
	imageSpec  = "libvirt-pool/librbd"

	showCommand = "build/tools/demo show"
)

// bedFile says where the bed of the running demo is.
var bedFile = filepath.Join(folder, "bed")

// running returns the bed of the demo that is up, or nil when none is.
func running() (*testbed.Bed, error) {
	dir, err := os.ReadFile(bedFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	bed, err := testbed.Open(strings.TrimSpace(string(dir)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // ended with a demo that was killed, or with the machine
	}
	return bed, err
}

func up(ctx context.Context) error {
	started := time.Now()
	bed, err := running()
	if err != nil {
		return err
	}
	if bed != nil {
		return fmt.Errorf("a demo is up already, in %s\n"+
			"  "+showCommand+"   shows what its guest sees\n"+
			"  make demo-down          ends it", bed.Dir)
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	terraform, err := terraformcli.Find(ctx, "build")
	if err != nil {
		return err
	}

	say("Two Ceph clusters and a hypervisor start, as plain processes on loopback")
	bed, err = testbed.Start(ctx, testbed.Options{Hypervisors: []string{hypervisor}})
	if err != nil {
		return err
	}
	if err := run(ctx, bed, terraform); err != nil {
		left := errors.Join(bed.Stop(), os.RemoveAll(folder))
		if left == nil && errors.Is(ctx.Err(), context.Canceled) {
			return errors.New("stopped; nothing of the demo is left")
		}
		return errors.Join(err, left)
	}
	fmt.Printf("\nReady after %s.\n\n", time.Since(started).Round(time.Second))
	fmt.Print(nextSteps(bed))
	return nil
}

// run gives the bed's guest its disks. The bed lives on only when all of it has worked.
func run(ctx context.Context, bed *testbed.Bed, terraform string) error {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	if err := os.WriteFile(bedFile, []byte(bed.Dir+"\n"), 0o600); err != nil {
		return err
	}
	for _, cluster := range bed.Clusters() {
		fmt.Printf("  cluster %-6s    %s\n", cluster.Name, cluster.MonHost)
	}
	fmt.Printf("  hypervisor %s   %s\n", hypervisor, bed.Hypervisor(hypervisor).URI)

	say("The guest " + domain + " boots, without any disk")
	guest, err := bed.Hypervisor(hypervisor).DefineGuest(ctx, testbed.GuestOptions{Name: domain})
	if err != nil {
		return err
	}
	if err := guest.Start(ctx); err != nil {
		return err
	}

	work, err := newWorkspace(bed, terraform)
	if err != nil {
		return err
	}
	if err := work.terraform(ctx, "init"); err != nil {
		return err
	}
	say("terraform apply -target=ceph_rbd_image.data   (first the images, so that something can be put on them)")
	if err := work.terraform(ctx, "apply", "-auto-approve", "-target=ceph_rbd_image.data"); err != nil {
		return err
	}
	say("rbd, and not the provider, writes a line to the start of each image")
	for _, cluster := range bed.Clusters() {
		if _, err := cluster.RBDIn(ctx, beginning("hello from cluster "+cluster.Name), "import-diff", "-", imageSpec); err != nil {
			return err
		}
	}
	say("terraform plan")
	if err := work.terraform(ctx, "plan", "-out=tfplan"); err != nil {
		return err
	}
	say("terraform apply")
	if err := work.terraform(ctx, "apply", "tfplan"); err != nil {
		return err
	}
	if err := showBed(ctx, bed); err != nil {
		return err
	}
	return bed.Keep()
}

// beginning is a difference in rbd's own format that writes the text to the start of an image and touches nothing else.
// Similar to: rbd export-diff.
func beginning(text string) string {
	diff := []byte("rbd diff v1\nw")
	diff = binary.LittleEndian.AppendUint64(diff, 0)
	diff = binary.LittleEndian.AppendUint64(diff, uint64(len(text)))
	return string(diff) + text + "e"
}

func down(context.Context) error {
	bed, err := running()
	if err != nil {
		return err
	}
	if bed != nil {
		if err := bed.Stop(); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if bed == nil {
		fmt.Println("No demo is up.")
	} else {
		fmt.Println("The demo is down; nothing of it is left.")
	}
	return nil
}

func say(what string) { fmt.Printf("\n==> %s\n", what) }
