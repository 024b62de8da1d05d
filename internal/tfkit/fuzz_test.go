package tfkit

import (
	"math"
	"strings"
	"testing"
)

func FuzzParseSize(f *testing.F) {
	for _, text := range []string{"30GiB", "30720M", "512", "0", "1 KiB", "7EiB", "8EiB", "30GB", "-1", "9223372036854775807", "1\nG"} {
		f.Add(text, uint64(len(text))<<40)
	}
	f.Add("", uint64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, text string, bytes uint64) {
		if size, err := ParseSize(text); err == nil {
			if size > math.MaxInt64 || !sameSize(text, FormatSize(size)) || strings.ContainsAny(text, "\r\n") {
				t.Errorf("%q is %d bytes, which is written as %s", text, size, FormatSize(size))
			}
		} else if sameSize(text, text) {
			t.Errorf("%q is no size, and the same size as itself", text)
		}
		bytes &= math.MaxInt64
		if size, err := ParseSize(FormatSize(bytes)); err != nil || size != bytes {
			t.Errorf("%d is written as %s, and read as %d, %v", bytes, FormatSize(bytes), size, err)
		}
	})
}

func FuzzImportKey(f *testing.F) {
	for _, id := range []string{
		"east/vms", "east", "east/", "//", "a/b/c", "kvm1/guest/vdb", "east/odd name", "a/b/c/d", "a/b/c@d", "a/b/c/d@e", "a/b@c/d@e",
	} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if id == "" {
			return // Then Terraform gives an identity instead.
		}
		for _, key := range []ImportKey{
			{"CLUSTER/NAME", []string{"cluster", "name"}},
			{"HYPERVISOR/DOMAIN/TARGET", []string{"hypervisor", "domain", "target_dev"}},
			{"CLUSTER/POOL[/NAMESPACE]/IMAGE", []string{"cluster", "pool", "namespace", "name"}},
			{"CLUSTER/POOL[/NAMESPACE]/IMAGE@SNAPSHOT", []string{"cluster", "pool", "namespace", "image", "name"}},
		} {
			values, diags := imported(t, key, id)
			if diags.HasError() {
				continue
			}
			written := ""
			for i, part := range formParts.FindAllString(key.Form, -1) {
				if values[i] != "" {
					written += strings.Trim(strings.TrimLeft(part, "["), "ABCDEFGHIJKLMNOPQRSTUVWXYZ]") + values[i]
				} else if !strings.HasPrefix(part, "[") {
					t.Errorf("%q: %s is missing", id, key.Attributes[i])
				}
			}
			if written != id {
				t.Errorf("%q is read as %q", id, written)
			}
		}
	})
}
