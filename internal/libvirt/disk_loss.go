package libvirt

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// LostByRewrite names what a disk of one definition would lose if it were written back as it was read: elements and attributes that
// libvirtxml doesn't know, each by its path within <disk> (driver/@cache, source/host). The disk is told by its target. Nothing is named
// for one that isn't in that definition.
func (d Domain) LostByRewrite(disk libvirtxml.DomainDisk, where Where) []string {
	text, doc := d.savedText, d.Saved
	if where == Live {
		text, doc = d.liveText, d.Live
	}
	read := DiskByTarget(doc, targetOf(disk))
	if text == "" || read == nil {
		return nil
	}
	written, err := read.Marshal()
	if err != nil {
		return []string{err.Error()}
	}
	is, err := diskElement(text, targetOf(disk))
	if err != nil {
		return []string{err.Error()}
	}
	would, err := parseElement(written)
	if err != nil {
		return []string{err.Error()}
	}
	return lost("", is, would)
}

// RefuseLoss is problem.Refused where a disk of one definition would lose something if it were written back, or written to the domain's
// other definition.
func (h *Host) RefuseLoss(d Domain, disk libvirtxml.DomainDisk, where Where) error {
	paths := d.LostByRewrite(disk, where)
	if len(paths) == 0 {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("The definition of disk %s of domain %q on %s can't be changed from here.", targetOf(disk), d.Name, h.name()),
		Why:  "It would lose what this release of the provider doesn't know: " + strings.Join(paths, ", ") + ".",
		Do: "Change the disk with virsh edit, and the configuration to the same; or update the provider. Nothing was changed, and the disk can" +
			" be detached as before.",
	}
}

// element is one of an XML text, with everything that stands in it but comments and white space.
type element struct {
	name       string
	attributes map[string]string
	text       string
	children   []element
}

func parseElement(text string) (element, error) {
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := decoder.Token()
		if err != nil {
			return element{}, fmt.Errorf("read the XML: %w", err)
		}
		if start, ok := token.(xml.StartElement); ok {
			return readElement(decoder, start)
		}
	}
}

func readElement(decoder *xml.Decoder, start xml.StartElement) (element, error) {
	e := element{name: fullName(start.Name), attributes: map[string]string{}}
	for _, a := range start.Attr {
		e.attributes[fullName(a.Name)] = a.Value
	}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return e, fmt.Errorf("read the XML: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			child, err := readElement(decoder, token)
			if err != nil {
				return e, err
			}
			e.children = append(e.children, child)
		case xml.CharData:
			e.text += strings.TrimSpace(string(token))
		case xml.EndElement:
			return e, nil
		}
	}
}

func fullName(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}

// diskElement finds the disk with a target in the text of a domain's definition.
func diskElement(text, target string) (element, error) {
	domain, err := parseElement(text)
	if err != nil {
		return element{}, err
	}
	for _, devices := range domain.named("devices") {
		for _, disk := range devices.named("disk") {
			if slices.ContainsFunc(disk.named("target"), func(t element) bool { return t.attributes["dev"] == target }) {
				return disk, nil
			}
		}
	}
	return element{}, fmt.Errorf("the definition has no disk %s", target)
}

func (e element) named(name string) []element {
	return slices.DeleteFunc(slices.Clone(e.children), func(child element) bool { return child.name != name })
}

// lost names what one element has and the other lacks. The order of elements with different names doesn't matter.
func lost(path string, is, would element) []string {
	var paths []string
	for name, value := range is.attributes {
		if found, ok := would.attributes[name]; !ok && value != "" || ok && !sameValue(value, found) {
			paths = append(paths, path+"@"+name)
		}
	}
	if is.text != "" && !sameValue(is.text, would.text) {
		paths = append(paths, path+"text()")
	}
	seen := map[string]int{}
	for _, child := range is.children {
		others := would.named(child.name)
		nth := seen[child.name]
		seen[child.name]++
		if nth < len(others) {
			paths = append(paths, lost(path+child.name+"/", child, others[nth])...)
		} else if !slices.Contains(paths, path+child.name) {
			paths = append(paths, path+child.name)
		}
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
