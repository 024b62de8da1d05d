package libvirt

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// lostByRewrite names what a disk would lose if it were written back as it was read: elements and attributes that libvirtxml doesn't
// know, each by its path within <disk> (driver/@cache, source/host).
func (d Disk) lostByRewrite() []string {
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
	paths := disk.lostByRewrite()
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

// lost names what one element has and the other lacks: attributes, texts and elements. The order of siblings doesn't matter, nor do
// quotes, white space and comments. With the two exchanged it names what was gained.
func lost(path string, is, would *element) []string {
	var paths []string
	for _, a := range is.Attrs {
		kept := slices.ContainsFunc(would.Attrs, func(b xml.Attr) bool {
			return a.Name == b.Name && plainNumber(a.Value) == plainNumber(b.Value)
		})
		if !kept && a.Value != "" {
			paths = append(paths, path+"@"+a.Name.Local)
		}
	}
	if text := strings.TrimSpace(is.Text); text != "" && text != strings.TrimSpace(would.Text) {
		paths = append(paths, path+"text()")
	}
	// Those that are the same are a pair wherever they stand; of the others, the first is compared with the first of its name.
	left, unpaired := slices.Clone(would.Children), []element{}
	for _, child := range is.Children {
		same := child.plain()
		if nth := slices.IndexFunc(left, func(other element) bool { return other.plain() == same }); nth >= 0 {
			left = slices.Delete(left, nth, nth+1)
		} else {
			unpaired = append(unpaired, child)
		}
	}
	for _, child := range unpaired {
		nth := slices.IndexFunc(left, func(other element) bool { return other.XMLName == child.XMLName })
		if nth < 0 {
			paths = append(paths, path+child.XMLName.Local)
			continue
		}
		paths = append(paths, lost(path+child.XMLName.Local+"/", &child, &left[nth])...)
		left = slices.Delete(left, nth, nth+1)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// plain is all that counts of an element as one text: equal for two elements of which neither lacks what the other has.
func (e *element) plain() string {
	parts := []string{strings.TrimSpace(e.Text)}
	for _, a := range e.Attrs {
		if a.Value != "" {
			parts = append(parts, "@"+a.Name.Local+"="+plainNumber(a.Value))
		}
	}
	for i := range e.Children {
		parts = append(parts, e.Children[i].plain())
	}
	slices.Sort(parts)
	return fmt.Sprintf("%s%q", e.XMLName.Local, parts)
}

// plainNumber is an attribute's value in one spelling: a number is the same in decimal and hexadecimal.
func plainNumber(value string) string {
	if n, err := strconv.ParseUint(value, 0, 64); err == nil {
		return strconv.FormatUint(n, 10)
	}
	return value
}
