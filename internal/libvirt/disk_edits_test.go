package libvirt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// edit is a change of one field of a disk.
type edit struct {
	field, what string
	// change makes it, and is false for a disk on which it makes no sense.
	change func(d *Disk) bool
	// paths are all that may differ then.
	paths []string
}

// set gives a field this value.
func set[T comparable](field string, at func(*Disk) *T, to T, paths ...string) edit {
	return edit{field, fmt.Sprintf("set to %v", to), func(d *Disk) bool {
		was := *at(d)
		*at(d) = to
		return was != to
	}, paths}
}

// ofRBD is an edit that makes sense for a disk whose source is an RBD image.
func ofRBD(e edit) edit {
	change := e.change
	e.change = func(d *Disk) bool { return d.Source() != "" && change(d) }
	return e
}

// inText are the paths of an element with a text: it comes, goes, or has another one.
func inText(path string) []string { return []string{path, path + "/text()"} }

func edits() []edit {
	const uuid = "0a1b2c3d-4e5f-4607-8899-aabbccddeeff"
	list := []edit{
		set("target_dev", func(d *Disk) *string { return &d.Target }, "vdq", "target/@dev"),
		set("bus", func(d *Disk) *string { return &d.Bus }, "ide", "target/@bus"),
		set("device", func(d *Disk) *string { return &d.Device }, "lun", "@device"),
		ofRBD(edit{"monitors", "one more", func(d *Disk) bool {
			d.Monitors = append([]Monitor{{Host: "2001:db8::9", Port: 3300}}, d.Monitors...)
			return true
		}, []string{"source/host"}}),
		ofRBD(edit{"monitors", "one less", func(d *Disk) bool {
			if len(d.Monitors) == 0 {
				return false
			}
			d.Monitors = d.Monitors[1:]
			return true
		}, []string{"source/host"}}),
		ofRBD(edit{"monitors", "another", func(d *Disk) bool {
			if len(d.Monitors) == 0 {
				return false
			}
			d.Monitors[0] = Monitor{Host: "2001:db8::9"}
			return true
		}, []string{"source/host/@name", "source/host/@port", "source/host/@transport"}}),
		ofRBD(set("pool", func(d *Disk) *string { return &d.Pool }, "other", "source/@name")),
		ofRBD(set("namespace", func(d *Disk) *string { return &d.Namespace }, "other", "source/@name")),
		ofRBD(set("namespace", func(d *Disk) *string { return &d.Namespace }, "", "source/@name")),
		ofRBD(set("image", func(d *Disk) *string { return &d.Image }, "other", "source/@name")),
		ofRBD(set("user", func(d *Disk) *string { return &d.User }, "other", "auth/@username", "source/auth/@username")),
		ofRBD(edit{"secret_uuid", "another", func(d *Disk) bool { d.SecretUUID, d.SecretUsage = uuid, ""; return true }, []string{
			"auth/secret/@type", "auth/secret/@usage", "auth/secret/@uuid", "source/auth/secret/@usage", "source/auth/secret/@uuid",
		}}),
		set("copy_on_read", func(d *Disk) *bool { return &d.CopyOnRead }, true, "driver/@copy_on_read"),
		{"read_only", "turned", func(d *Disk) bool { d.ReadOnly = !d.ReadOnly; return d.Device != DeviceCDROM }, []string{"readonly"}},
		{"shareable", "turned", func(d *Disk) bool { d.Shareable = !d.Shareable; return true }, []string{"shareable"}},
		set("boot_order", func(d *Disk) *uint { return &d.BootOrder }, 5, "boot/@order"),
		set("boot_order", func(d *Disk) *uint { return &d.BootOrder }, 0, "boot"),
		{"address", "another", func(d *Disk) bool {
			if d.Address == nil {
				return false
			}
			d.Address.Numbers[2] = 9
			return true
		}, []string{"address/@slot", "address/@target"}},
		{"address", "chosen", func(d *Disk) bool {
			none := !d.hasAddress()
			d.Address = &Address{AddressPCI, []uint{0, 1, 2, 3}}
			return none
		}, []string{"address"}},
		{"address", "left to libvirt", func(d *Disk) bool { there := d.Address != nil; d.Address = nil; return there }, []string{"address"}},
		{"iotune", "no limit", func(d *Disk) bool {
			there := d.Limits.Rates != nil || d.Limits.Group != ""
			d.Limits = Limits{}
			return there
		}, []string{"iotune"}},
		{"iotune", "a group", func(d *Disk) bool { d.Limits.Group = "other"; return true }, inText("iotune/group_name")},
	}
	for _, name := range LimitNames() {
		list = append(list, edit{"iotune", name, func(d *Disk) bool {
			limited := d.Limits.Rates != nil || name == "total_iops_sec"
			if d.Limits.Rates == nil {
				d.Limits.Rates = map[string]uint64{}
			}
			d.Limits.Rates[name] = 777
			return limited
		}, inText("iotune/" + name)})
	}
	for name, c := range map[string]struct {
		at    func(*Disk) *string
		value string
		paths []string
	}{
		"config_file":   {func(d *Disk) *string { return &d.ConfigFile }, "/etc/other.conf", []string{"source/config", "source/config/@file"}},
		"snapshot":      {func(d *Disk) *string { return &d.Snapshot }, "other", []string{"source/snapshot", "source/snapshot/@name"}},
		"cache":         {func(d *Disk) *string { return &d.Cache }, "unsafe", []string{"driver/@cache"}},
		"io":            {func(d *Disk) *string { return &d.IO }, "other", []string{"driver/@io"}},
		"discard":       {func(d *Disk) *string { return &d.Discard }, "ignore", []string{"driver/@discard"}},
		"detect_zeroes": {func(d *Disk) *string { return &d.DetectZeroes }, "on", []string{"driver/@detect_zeroes"}},
		"error_policy":  {func(d *Disk) *string { return &d.ErrorPolicy }, "enospace", []string{"driver/@error_policy"}},
		"serial":        {func(d *Disk) *string { return &d.Serial }, "16", inText("serial")},
		"wwn":           {func(d *Disk) *string { return &d.WWN }, "5000c50000000001", inText("wwn")},
		"vendor":        {func(d *Disk) *string { return &d.Vendor }, "OTHER", inText("vendor")},
		"product":       {func(d *Disk) *string { return &d.Product }, "OTHER ONE", inText("product")},
	} {
		for _, value := range []string{c.value, ""} {
			e := set(name, c.at, value, c.paths...)
			if strings.HasPrefix(c.paths[0], "source/") {
				e = ofRBD(e)
			}
			if name == "cache" && value == "" {
				change := e.change
				e.change = func(d *Disk) bool { return (!d.uncachedByDefault() || d.Cache != uncached) && change(d) } // otherwise it means the same
			}
			list = append(list, e)
		}
	}
	list = append(list,
		ofRBD(edit{"encryption", "added", func(d *Disk) bool {
			was := d.Encryption
			d.Encryption = Encryption{Format: "luks2", SecretUUID: uuid}
			return was == Encryption{}
		}, []string{"source/encryption"}}),
		edit{"encryption", "removed", func(d *Disk) bool {
			was := d.Encryption
			d.Encryption = Encryption{}
			return was != Encryption{}
		}, []string{"source/encryption", "encryption"}},
		edit{"encryption", "another secret", func(d *Disk) bool {
			d.Encryption.SecretUUID = uuid
			return d.Encryption.Format != ""
		}, []string{"source/encryption/secret/@uuid", "encryption/secret/@uuid"}},
		edit{"encryption", "another engine", func(d *Disk) bool {
			was := d.Encryption
			d.Encryption.Format, d.Encryption.Engine = "luks", EngineQEMU
			return was.Format != "" && was.Engine != EngineQEMU
		}, []string{"source/encryption/@engine", "source/encryption/@format", "encryption/@engine", "encryption/@format"}})
	for _, n := range []uint{0, 7} {
		list = append(list,
			set("iothread", func(d *Disk) *uint { return &d.IOThread }, n, "driver/@iothread"),
			set("queues", func(d *Disk) *uint { return &d.Queues }, n, "driver/@queues"),
			set("queue_size", func(d *Disk) *uint { return &d.QueueSize }, n, "driver/@queue_size"),
			set("rotation_rate", func(d *Disk) *uint { return &d.RotationRate }, n, "target/@rotation_rate"),
			set("blockio", func(d *Disk) *uint { return &d.BlockIO.Logical }, n, "blockio/@logical_block_size"),
			set("blockio", func(d *Disk) *uint { return &d.BlockIO.Physical }, n, "blockio/@physical_block_size"))
	}
	return list
}

// aligned gives a document an empty element where it lacks one of those above a path that the other document has: what is in it is
// compared then.
func aligned(a, b *element, path string) {
	name, rest, deeper := strings.Cut(path, "/")
	if !deeper || strings.HasPrefix(rest, "@") && name == "" {
		return
	}
	inA, inB := childIndex(a, name), childIndex(b, name)
	if inA < 0 && inB < 0 {
		return
	}
	for _, e := range []struct {
		of    *element
		index *int
		other element
	}{{a, &inA, *b}, {b, &inB, *a}} {
		if *e.index < 0 {
			empty := element{XMLName: e.other.child(name).XMLName}
			e.of.Children = append(slices.Clone(e.of.Children), empty)
			*e.index = len(e.of.Children) - 1
		}
	}
	aligned(&a.Children[inA], &b.Children[inB], rest)
}

func childIndex(e *element, name string) int {
	return slices.IndexFunc(e.Children, func(child element) bool { return child.XMLName.Local == name })
}

// Of a golden disk one field at a time is changed and written: nothing but this field differs, and it is read as it was asked for.
func TestOneChangeOfAGoldenDiskIsOneChange(t *testing.T) {
	all := edits()
	for _, f := range DiskFields {
		if !slices.ContainsFunc(all, func(e edit) bool { return e.field == f.Name }) {
			t.Errorf("%s is never changed", f.Name)
		}
	}
	made := map[string]int{}
	eachGolden(t, func(t *testing.T, want golden, text string) {
		if len(want.lost) > 0 {
			return
		}
		for _, e := range all {
			disk, was := parsed(t, text)
			if !e.change(&disk) {
				continue
			}
			made[e.field+" "+e.what]++
			result, now := written(t, disk)
			for _, path := range e.paths {
				aligned(&was, &now, path)
			}
			differs := append(lost("", &was, &now), lost("", &now, &was)...)
			others := slices.DeleteFunc(slices.Clone(differs), func(path string) bool { return slices.Contains(e.paths, path) })
			if len(differs) == 0 || len(others) > 0 {
				t.Errorf("%s, %s: differs in %v instead of %v\n%s", e.field, e.what, differs, e.paths, result)
			}
			again, _ := parsed(t, result)
			if got := DiffDisks(disk, again, nil); len(got) > 0 {
				t.Errorf("%s, %s: %v isn't read as it was written\n%s", e.field, e.what, got, result)
			}
			before, _ := parsed(t, text)
			if got := DiffDisks(before, again, nil); !slices.Equal(got, []string{e.field}) || !slices.Equal(disk.Changed(), got) {
				t.Errorf("%s, %s: changed %v, told %v", e.field, e.what, got, disk.Changed())
			}
		}
	})
	for _, e := range all {
		if made[e.field+" "+e.what] == 0 {
			t.Errorf("%s, %s: makes sense for no disk", e.field, e.what)
		}
	}
}
