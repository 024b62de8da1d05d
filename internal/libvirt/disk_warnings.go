package libvirt

import (
	"context"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The summaries name the disk: Terraform shows only one of several warnings with the same summary.

// DetachWarning tells that a running guest loses a disk, and what that does to it. The reason ends a sentence, and may be empty.
func (p Placement) DetachWarning(target, source, reason string) problem.Warning {
	return problem.Warning{Summary: fmt.Sprintf("Disk %s of the running domain %q will be detached", target, p.Domain.Name), Text: fmt.Sprintf(
		"Disk %s (%s) is detached from domain %q, which runs on hypervisor %q%s. A guest such as Linux lets go of a virtio disk at once, also"+
			" while a file system on it is mounted: its reads and writes fail from then on, and what it had not written yet is lost. Unmount it in"+
			" the guest first.", target, source, p.Domain.Name, p.Host.Label(), reason)}
}

// PendingDetach warns that the guest was asked to give a disk up and has not answered: it may do so at any moment, whatever was applied
// since. asked is the number of the running domain that was asked. The request ends with that domain, or with the disk; still is 0 then.
func (p Placement) PendingDetach(found Disks, asked int) (still int, warnings []problem.Warning) {
	if asked == 0 || found.Live == nil || p.Domain.RunningNumber() != asked {
		return 0, nil
	}
	target, name := found.Live.Target, p.Domain.Name
	return asked, []problem.Warning{{Summary: fmt.Sprintf("The guest of domain %q may still give up disk %s", name, target), Text: fmt.Sprintf(
		"An earlier apply asked the guest on hypervisor %q to let go of disk %s, and ended before it did. Such a request can't be taken back:"+
			" the guest may follow it at any moment, for example when it is resumed or has booted.\n\nUnmount the disk in the guest, let the guest"+
			" run (virsh resume %[3]s; virsh dompmwakeup %[3]s where it has suspended itself) and apply again: once it has given the disk up, the"+
			" apply attaches it anew. Or shut the domain off and start it again, which ends the request.", p.Host.Label(), target,
		problem.Word(name))}}
}

// NameWarnings warn that the domain of a disk was renamed, and that another domain has the name by which the configuration names it.
func (p Placement) NameWarnings(ctx context.Context, configured *Host, name, target string) []problem.Warning {
	if name == p.Domain.Name || SameUUID(name, p.Domain.UUID) {
		return nil
	}
	other, err := configured.Domain(ctx, name)
	if err != nil || other.UUID == p.Domain.UUID {
		return nil // mostly because no domain has the name any more
	}
	return []problem.Warning{{Summary: fmt.Sprintf("Disk %s isn't on the domain that is now called %q", target, name), Text: fmt.Sprintf(
		"Disk %s is on domain %s, which was called %q and is now called %q on hypervisor %q. The name %q has another domain, %s. The disk stays"+
			" where it is, and a change of its configuration changes it there.\n\nTo leave it there, write domain = %q. For a disk on the other"+
			" domain apply with -replace=ADDRESS, which detaches it from the one and attaches it to the other.",
		target, p.Domain.UUID, name, p.Domain.Name, p.Host.Label(), name, other.UUID, p.Domain.Name)}}
}

// RunningNumber is the number of a running domain (virsh domid), another one after each start; 0 for one that is shut off.
func (d Domain) RunningNumber() int {
	if d.Live == nil {
		return 0
	}
	return d.Live.ID
}

// RestoredWarnings tell that the next start of the domain brings back a guest that doesn't know of a change, and what follows.
//
// Similar to: virsh list --all --managed-save.
func (p Placement) RestoredWarnings(ctx context.Context, target, consequence string) ([]problem.Warning, error) {
	if p.Domain.Active {
		return nil, nil
	}
	restored, err := p.Host.managedSave(ctx, p.Domain.UUID)
	if err != nil || restored == nil {
		return nil, err
	}
	return []problem.Warning{{
		Summary: fmt.Sprintf("Disk %s isn't so in the managed save image of domain %q", target, p.Domain.Name),
		Text: fmt.Sprintf("Domain %q is shut off on hypervisor %q, and the next start restores its guest from a managed save image. Disk %s is"+
			" changed in the saved definition alone. %s", p.Domain.Name, p.Host.Label(), target, consequence),
	}}, nil
}

// UnseenWarnings tell of a disk that a running guest may not notice.
func (p Placement) UnseenWarnings(target, bus string) []problem.Warning {
	if p.Domain.Live.HotPlug(bus) != plugsUnseen {
		return nil
	}
	return []problem.Warning{{Summary: fmt.Sprintf("The guest of domain %q may not notice disk %s", p.Domain.Name, target), Text: fmt.Sprintf(
		"Domain %q, which runs on hypervisor %q, has no <acpi/> in <features>. libvirt attaches the disk, but many guests notice neither its"+
			" coming nor its going without ACPI: it may be there only when the domain was shut off and started again, and a detach may wait in"+
			" vain until then. To be sure, shut the domain off, apply, and start it.", p.Domain.Name, p.Host.Label())}}
}

// UntoldWarning tells that a running guest isn't told of a growth of its image.
func (p Placement) UntoldWarning(managed ManagedDisk, live Disk, size string) problem.Warning {
	why := "Its disk reads " + live.DescribeSource() + ", which has a size of its own, and doesn't follow the image's."
	switch {
	case managed.ReadBy(live) && live.Snapshot != "":
		why = "Its disk reads a snapshot of the image, which keeps its size."
	case managed.ReadBy(live) && live.ShowsWholeImage():
		why = "It only reads its disk, and libvirt tells nobody another size of such a one. The guest sees the growth when the domain is next" +
			" started (a reboot inside the guest is not enough)."
	case managed.ReadBy(live):
		why = "Its disk shows a part of the image, as the content of an encrypted one, or has a format of its own. libvirt can't be told its" +
			" size for certain: QEMU would grow the image again, or cut it.\n\nA guest with an encrypted disk sees the growth when the domain is" +
			" next started (a reboot inside the guest is not enough)."
	}
	return problem.Warning{
		Summary: fmt.Sprintf("Size of disk %s not told to the running domain %q", managed.Target, p.Domain.Name),
		Text: fmt.Sprintf("The size is recorded as %s, and domain %q on hypervisor %q isn't told. %s",
			size, p.Domain.Name, p.Host.Label(), why),
	}
}

// TakenOverWarning tells that a new disk was there already: an apply that was killed leaves it so. So does the resource of another
// configuration, and the two can't be told apart here.
func (p Placement) TakenOverWarning(target string) problem.Warning {
	return problem.Warning{Argument: "target_dev", Summary: "Disk taken over", Text: fmt.Sprintf(
		"Domain %q on hypervisor %q has disk %s already, with an alias of this provider and as it is asked for: an apply that was cut off"+
			" leaves it so. It is taken over.\n\nIf a resource of another configuration has it, remove one of the two: what goes with one is"+
			" missed by the other.",
		p.Domain.Name, p.Host.Label(), target)}
}

// ChangeWarning tells what a change does to the running guest.
func (p Placement) ChangeWarning(target string, atOnce, waiting []string) problem.Warning {
	text := fmt.Sprintf("Domain %q runs on hypervisor %q with disk %s.", p.Domain.Name, p.Host.Label(), target)
	if len(atOnce) > 0 {
		text += "\n\nChanged at once, in the running guest: " + strings.Join(atOnce, ", ") + "."
	}
	if len(waiting) > 0 {
		text += "\n\nChanged in the saved definition, and in the guest when the domain is next started (a reboot inside the guest is not" +
			" enough): " + strings.Join(waiting, ", ") + "."
	}
	return problem.Warning{Summary: fmt.Sprintf("Change of disk %s of the running domain %q", target, p.Domain.Name), Text: text}
}

// RefuseTransient refuses a change in place that only a saved definition could keep for the next start; again tells how to have the disk
// attached anew.
func (p Placement) RefuseTransient(target string, waiting []string, again string) error {
	if len(waiting) == 0 || p.Domain.Persistent {
		return nil
	}
	return problem.At(waiting[0], &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("Disk %s of domain %q on hypervisor %q can't be changed in place: %s.",
			target, p.Domain.Name, p.Host.Label(), strings.Join(waiting, ", ")),
		Why: "The domain is transient. It has no saved definition for a next start, and QEMU takes these only when it opens the disk.",
		Do:  "Take the change back; or have the disk detached from the guest and attached again: " + again,
	})
}

// DiskGone is the error where a disk was detached by somebody else meanwhile, with what the next plan does.
func (p Placement) DiskGone(target, next string) error {
	return &problem.Problem{
		Kind: problem.Other,
		What: fmt.Sprintf("Disk %s of domain %q on hypervisor %q is gone.", target, p.Domain.Name, p.Host.Label()),
		Do:   "Plan again: " + next,
	}
}
