package libvirt

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// LostByRewrite names what a disk would lose if it were written back as it was read: elements and attributes that libvirtxml doesn't
// know, each by its path within <disk> (driver/@cache, source/host).
func (d Disk) LostByRewrite() []string {
	if d.read == nil || d.read.definition == "" {
		return nil
	}
	written, err := d.read.element.Marshal()
	if err != nil {
		return []string{err.Error()}
	}
	is, err := diskElement(d.read.definition, d.read.nth)
	if err != nil {
		return []string{err.Error()}
	}
	would, err := parse(written)
	if err != nil {
		return []string{err.Error()}
	}
	return lost("", is, &would)
}

// RefuseLoss is problem.Refused where a disk would lose something if it were written back, or written to the domain's other definition.
func (h *Host) RefuseLoss(domain string, disk Disk) error {
	paths := disk.LostByRewrite()
	if len(paths) == 0 {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("The definition of disk %s of domain %q on %s can't be changed from here.", disk.Target, domain, h.name()),
		Why:  "It would lose what this release of the provider doesn't know: " + strings.Join(paths, ", ") + ".",
		Do: "Change the disk with virsh edit, and the configuration to the same; or update the provider. Nothing was changed, and the disk can" +
			" be detached as before.",
	}
}

// RefuseLosses refuses to write a disk into a definition where that would lose what isn't known of it here: the saved definition with
// changes, or a definition that lacks the disk, which gets it restored.
func (h *Host) RefuseLosses(domain Domain, found Disks, changed, restored bool) error {
	switch {
	case found.Saved != nil && (changed || restored):
		return h.RefuseLoss(domain.Name, *found.Saved)
	case found.Saved == nil && found.Live != nil && restored:
		return h.RefuseLoss(domain.Name, *found.Live)
	}
	return nil
}

// diskElement is one of the disks in the text of a domain's definition.
func diskElement(text string, nth int) (*element, error) {
	domain, err := parse(text)
	if err != nil {
		return nil, err
	}
	for _, disk := range domain.child("devices").Children {
		if disk.XMLName.Local != "disk" {
			continue
		}
		if nth == 0 {
			return &disk, nil
		}
		nth--
	}
	return nil, fmt.Errorf("the definition has fewer disks")
}

// lost names what one element has and the other lacks. The order of elements with different names doesn't matter.
func lost(path string, is, would *element) []string {
	var paths []string
	for _, a := range is.Attrs {
		kept := slices.ContainsFunc(would.Attrs, func(b xml.Attr) bool { return a.Name == b.Name && sameValue(a.Value, b.Value) })
		if !kept && a.Value != "" {
			paths = append(paths, path+"@"+a.Name.Local)
		}
	}
	if text := strings.TrimSpace(is.Text); text != "" && !sameValue(text, strings.TrimSpace(would.Text)) {
		paths = append(paths, path+"text()")
	}
	left := slices.Clone(would.Children)
	for i := range is.Children {
		child := &is.Children[i]
		nth := slices.IndexFunc(left, func(other element) bool { return other.XMLName == child.XMLName })
		if nth < 0 {
			paths = append(paths, path+child.XMLName.Local)
			continue
		}
		paths = append(paths, lost(path+child.XMLName.Local+"/", child, &left[nth])...)
		left = slices.Delete(left, nth, nth+1)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// sameValue compares two values of an attribute: a number is the same in decimal and hexadecimal.
func sameValue(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := strconv.ParseUint(a, 0, 64)
	y, errY := strconv.ParseUint(b, 0, 64)
	return errX == nil && errY == nil && x == y
}
