package libvirt

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// What is read of a domain's XML is in bounds and always the same, counts as unchanged, and is what a rewritten disk is read as.
func FuzzParseDefinition(f *testing.F) {
	const before, after = "<domain type='kvm' id='3'><name>guest</name><devices>", "</devices></domain>"
	files := expectValue(filepath.Glob("testdata/disks/*.xml"))(f)
	for _, file := range files {
		f.Add(before + string(expectValue(os.ReadFile(file))(f)) + after)
	}
	f.Add(before + strings.Replace(diskXML, "3300", "-1", 1) + diskXML + after)
	f.Add(before + `<controller type='pci' index='0' model='pci-root'/>` +
		strings.Repeat(`<disk><address type='pci' bus='0' slot='0x20'/></disk>`+
			`<disk><address type='pci' bus='0' slot='4000000000'/></disk>`, 2) + after)
	f.Fuzz(func(t *testing.T, text string) {
		definition, err := ParseDefinition(text)
		if err != nil {
			return
		}
		if again := expect.Value(ParseDefinition(text))(t); !reflect.DeepEqual(again.Disks, definition.Disks) {
			t.Error("read twice, it is not the same")
		}
		if ports, known := definition.FreePorts(); ports < 0 || ports > 0 && !known {
			t.Errorf("%d free ports", ports)
		}
		for _, disk := range definition.Disks {
			if changed := disk.Changed(); len(changed) > 0 {
				t.Errorf("%s: unread, and changed: %v", disk.Target, changed)
			}
			for _, m := range disk.Monitors {
				if m.Port < 0 || m.Port > math.MaxUint16 {
					t.Errorf("a monitor has port %d", m.Port)
				}
			}
			written := expect.Value(disk.Element())(t)
			again := expect.Value(ParseDefinition("<domain><devices>" + written + "</devices></domain>"))(t)
			if len(again.Disks) != 1 {
				t.Fatalf("%d disks are in %s", len(again.Disks), written)
			}
			if differ := DiffDisks(disk, again.Disks[0], nil); len(differ) > 0 || again.Disks[0].Alias != disk.Alias {
				t.Errorf("%+v and %+v differ in %v", disk, again.Disks[0], differ)
			}
			if lost := again.Disks[0].lostByRewrite(); len(lost) > 0 {
				t.Errorf("what was written loses %v when it is written again", lost)
			}
			saved := expect.Value(disk.ForSaved())(t)
			if differ := DiffDisks(disk, saved, func(f DiskField) bool { return f.Name != "iotune" }); len(differ) > 0 {
				t.Errorf("the saved one differs in %v", differ)
			}
		}
	})
}

// expectValue is [expect.Value] for what is done before the fuzzing.
func expectValue[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// A disk that is made here is read as it was meant, whatever characters its names have.
func FuzzDiskIsReadAsWritten(f *testing.F) {
	f.Add("vdb", "vms", "", "one", "", "192.0.2.1", "libvirt", "s-1", uint16(0), uint64(100), uint(0))
	f.Add(`v"b`, "a&b", "<ns>", "it's", "]]>", "2001:db8::1", "a\tb", " x\n", uint16(3300), uint64(math.MaxUint64), uint(4))
	f.Fuzz(func(t *testing.T, target, pool, namespace, image, snapshot, host, user, serial string, port uint16, limit uint64, queues uint) {
		for _, text := range []string{target, pool, namespace, image, snapshot, host, user, serial} {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, notInXML) {
				return
			}
		}
		if pool == "" || image == "" || strings.Contains(pool+namespace, "/") || namespace == "" && strings.Contains(image, "/") {
			return // Terraform takes no such names.
		}
		disk := Disk{
			Target: target, Bus: "virtio", Device: "disk", Alias: OwnAlias("1a2b3c4d-0000-4000-8000-000000000001", target),
			Pool: pool, Namespace: namespace, Image: image, Snapshot: snapshot, Monitors: []Monitor{{host, int(port)}, {"mon", 3300}},
			User: user, SecretUUID: libvirtSecret, Serial: serial, WWN: serial, Vendor: serial, Product: user, Queues: queues, BootOrder: queues,
			QueueSize: uint(port), RotationRate: uint(port), BlockIO: BlockSizes{queues, uint(port)}, ConfigFile: host, Cache: serial,
			Limits:  Limits{Rates: map[string]uint64{"total_iops_sec": limit, "size_iops_sec": limit}},
			Address: &Address{AddressDrive, []uint{0, uint(port), 0, uint(port)}},
		}
		read := definitionOf(t, expect.Value(disk.Element())(t)).Disks
		if len(read) != 1 {
			t.Fatalf("%d disks", len(read))
		}
		if differ := DiffDisks(disk, read[0], nil); len(differ) > 0 || read[0].Alias != disk.Alias {
			t.Errorf("%v differ: %+v became %+v", differ, disk, read[0])
		}
	})
}

// notInXML are the characters that XML 1.0 has no way to write.
func notInXML(r rune) bool {
	return r < ' ' && !strings.ContainsRune("\t\n\r", r) || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError
}

func FuzzAddressPart(f *testing.F) {
	for _, text := range []string{"0", "31", "0x1f", "0x20", "017", "1_0", "0b1", "0X1F", "-1", "+1", ""} {
		f.Add(text, uint32(len(text)))
	}
	form := regexp.MustCompile(`^(0|[1-9][0-9]*|0x[0-9a-fA-F]+)$`)
	f.Fuzz(func(t *testing.T, text string, n uint32) {
		for _, parts := range AddressParts {
			for _, part := range parts {
				if got, err := part.Parse(text); err == nil && (uint64(got) > part.Limit || !form.MatchString(text)) {
					t.Errorf("%s of %q is %d", part.Name, text, got)
				}
				n := uint(uint64(n) % (part.Limit + 1))
				if got, err := part.Parse(part.Text(n)); err != nil || got != n {
					t.Errorf("%s: %d is written as %s, and read as %d, %v", part.Name, n, part.Text(n), got, err)
				}
			}
		}
	})
}

// What isn't a UUID may be the name of a domain, and must not be taken for one.
func FuzzUUIDs(f *testing.F) {
	for _, text := range []string{
		libvirtSecret, strings.ToUpper(libvirtSecret), "6D1B4F5E0C2A4A579A543F1E0D6A7B10", "{" + libvirtSecret + "}", "urn:uuid:" + libvirtSecret,
		"a" + libvirtSecret + "b", " " + libvirtSecret + "\n", "guest", "",
	} {
		f.Add(text)
	}
	form := regexp.MustCompile(`^\s*(?:[uU][rR][nN]:[uU][uU][iI][dD]:(X)|\{(X)\}|(X)|([0-9a-fA-F]{32}))\s*$`)
	form = regexp.MustCompile(strings.ReplaceAll(form.String(), "X", `[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`))
	f.Fuzz(func(t *testing.T, text string) {
		id, raw, ok := normalUUID(text)
		match := form.FindStringSubmatch(text)
		if ok != (match != nil) {
			t.Fatalf("%q is %q", text, id)
		}
		if !ok {
			if CanonicalUUID(text) != text {
				t.Errorf("%q became %q", text, CanonicalUUID(text))
			}
			return
		}
		digits := strings.ToLower(strings.ReplaceAll(strings.Join(match[1:], ""), "-", ""))
		if strings.ReplaceAll(id, "-", "") != digits || uuidText(raw) != id || CanonicalUUID(id) != id || !SameUUID(strings.TrimSpace(text), id) {
			t.Errorf("%q is %q", text, id)
		}
	})
}

// An image is found in each way to name it to QEMU, and always the same ones are found.
func FuzzImagesInText(f *testing.F) {
	f.Add("vms", "one", "rbd:vms/one:conf=/x")
	f.Add("a b", "it's", `{"driver":"raw","file":{"driver":"rbd","pool":"p","image":"i"},"backing":{"driver":"rbd","pool":"q","image":"i"}}`)
	f.Add("vms", "one", "file.driver=rbd,file.pool=vms,file.image=one")
	plain := regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
	f.Fuzz(func(t *testing.T, pool, image, text string) {
		if first := imagesInText(text); !reflect.DeepEqual(first, imagesInText(text)) {
			t.Errorf("%q: not always %q", text, first)
		}
		if !utf8.ValidString(pool) || !utf8.ValidString(image) || image == "" {
			return
		}
		file := map[string]string{"driver": "rbd", "pool": pool, "image": image}
		options := expect.Value(json.Marshal(map[string]any{"driver": "raw", "file": file}))(t)
		texts := []string{string(options)}
		if plain.MatchString(pool) && plain.MatchString(image) {
			texts = append(texts, "rbd:"+pool+"/"+image+":conf=/x", "/dev/rbd/"+pool+"/"+image, "driver=rbd,pool="+pool+",image="+image)
		}
		for _, named := range texts {
			if found := imagesInText(named); !slices.ContainsFunc(found, func(n namedImage) bool { return n.image == pool+"/"+image }) {
				t.Errorf("%q isn't found in %s: %q", pool+"/"+image, named, found)
			}
		}
	})
}
