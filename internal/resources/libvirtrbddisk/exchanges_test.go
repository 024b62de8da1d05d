//go:build cgo

package libvirtrbddisk_test

import (
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// exchange is a way in which somebody gives a disk of ours another source, at a target of its own.
type exchange struct {
	device   string // "disk" unless it says otherwise
	imported bool
	// byHand does it, while the domain runs.
	byHand func(b *exchangeBench, target string)
	// told are words that the operator has to read; none where nothing is told.
	told []string
	// free tells that the disk may be detached.
	free bool
	// whole tells that the source in the saved definition is ours, so that it may be changed there.
	whole bool
	// later are what is told when the domain is shut off; as told where it is nil.
	later []string
	// back brings the image back once the domain runs again; nil where nobody tries.
	back func(b *exchangeBench, target string)
}

// commit writes the overlays into the image.
func commit(b *exchangeBench, target string) {
	acctest.Virsh(b.t, "kvm1", "blockcommit", b.name, target, "--active", "--pivot", "--wait")
}

// exchanges by the target of the disk. The guest has a driver for the first controller, which has the disks up to sdg.
var exchanges = map[string]exchange{
	"sda": { // a snapshot
		byHand: func(b *exchangeBench, target string) { b.snapshot(target, b.file(target)) },
		told:   []string{"file $FILE", "hangs on libvirt-pool/$IMAGE", "virsh blockcommit $DOMAIN $TARGET --active --pivot"},
		back:   commit,
	},
	"sdb": { // a snapshot of a snapshot
		byHand: func(b *exchangeBench, target string) {
			b.snapshot(target, b.file(target)+"1")
			b.snapshot(target, b.file(target))
		},
		told: []string{"file $FILE", "hangs on libvirt-pool/$IMAGE", "virsh blockcommit $DOMAIN $TARGET --active --pivot"},
		back: commit,
	},
	"sdj": { // a copy, to which the guest went over
		byHand: func(b *exchangeBench, target string) {
			acctest.Virsh(b.t, "kvm1", "blockcopy", b.name, target, b.file(target), "--transient-job", "--wait", "--pivot")
		},
		told: []string{"file $FILE", "doesn't tell that it hangs on libvirt-pool/$IMAGE", "terraform state rm"},
	},
	"sdd": { // a snapshot that was made to stand alone
		byHand: func(b *exchangeBench, target string) {
			b.snapshot(target, b.file(target))
			acctest.Virsh(b.t, "kvm1", "blockpull", b.name, target, "--wait")
		},
		told: []string{"file $FILE", "doesn't tell that it hangs on libvirt-pool/$IMAGE", "terraform state rm"},
	},
	"sde": { // a file, in the saved definition
		byHand: func(b *exchangeBench, target string) {
			b.redefine(target, func(d *acctest.Disk) {
				d.Source, d.Auth = acctest.ParseDisk(b.t, "<disk type='file'><source file='"+b.file(target)+"'/></disk>").Source, nil
			})
		},
		told:  []string{"file $FILE", "in the saved definition only", "virsh detach-disk $DOMAIN $TARGET --config"},
		later: []string{"file $FILE", "doesn't tell that it hangs on libvirt-pool/$IMAGE"},
	},
	"sdf": { // an overlay that is an RBD image too, in the saved definition
		byHand: func(b *exchangeBench, target string) {
			b.redefine(target, func(d *acctest.Disk) {
				overlay := acctest.ParseDisk(b.t, acctest.XML(b.t, d))
				overlay.Source.Network.Name += "-overlay"
				if d.Source.Network.Auth == nil {
					d.Source.Network.Auth = d.Auth
				}
				d.BackingStore = acctest.ParseDisk(b.t, "<disk type='file'><backingStore type='file'><format"+
					" type='raw'/></backingStore></disk>").BackingStore
				d.BackingStore.Source, d.Source = d.Source, overlay.Source
				d.Driver.Type = "qcow2"
			})
		},
		told:  []string{"rbd source libvirt-pool/$IMAGE-overlay", "in the saved definition only"},
		later: []string{"rbd source libvirt-pool/$IMAGE-overlay", "hangs on libvirt-pool/$IMAGE", "Start the domain first"},
	},
	"sdg": { // another image, in the running guest
		byHand: func(b *exchangeBench, target string) {
			image(b.t, "east", b.image(target)+"-other", "8M")
			attachAnew(b.t, b.name, target, func(d *acctest.Disk) { d.Source.Network.Name += "-other" })
		},
		whole: true,
	},
	"sdh": { // another medium, in the saved definition
		device: "cdrom",
		byHand: func(b *exchangeBench, target string) {
			b.redefine(target, func(d *acctest.Disk) {
				d.Source, d.Auth = acctest.ParseDisk(b.t, "<disk type='file'><source file='"+b.file(target)+"'/></disk>").Source, nil
			})
		},
		told:  []string{"file $FILE", "in the saved definition only"},
		later: []string{"file $FILE"},
	},
	"sdi": { // no medium, in the saved definition
		device: "cdrom", free: true,
		byHand: func(b *exchangeBench, target string) {
			b.redefine(target, func(d *acctest.Disk) { d.Source, d.Auth = nil, nil })
		},
		told: []string{"an empty drive", "terraform taint"},
	},
	"sdc": { // a snapshot of a disk that has no alias of ours
		imported: true,
		byHand:   func(b *exchangeBench, target string) { b.snapshot(target, b.file(target)) },
		told:     []string{"file $FILE", "hangs on libvirt-pool/$IMAGE", "virsh blockcommit $DOMAIN $TARGET --active --pivot"},
		back:     commit,
	},
}
