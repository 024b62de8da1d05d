//go:build cgo

package rados_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// An encrypted image holds nothing while there is only its header, however that is spread over objects, and something once a byte behind it
// was written.
func TestEncryptedImageIsEmpty(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "encrypted")
	for name, spec := range map[string]ceph.ImageSpec{
		"small-objects": {Encryption: &ceph.Encryption{Format: ceph.LUKS1}, ObjectSize: 64 << 10},
		"large-objects": {Encryption: &ceph.Encryption{Format: ceph.LUKS1}, Features: []string{"layering"}, ObjectSize: 32 << 20},
		"striped":       {Encryption: &ceph.Encryption{Format: ceph.LUKS2}, StripeUnit: 64 << 10, StripeCount: 7},
	} {
		t.Run(name, func(t *testing.T) {
			spec.ImageRef, spec.SizeBytes = ceph.ImageRef{Pool: "encrypted", Name: name}, 72<<20
			spec.Encryption.Passphrase = sensitive.New([]byte("open sesame"))
			if _, err := cluster.CreateImage(ctx, spec); err != nil {
				t.Fatal(err)
			}
			format := spec.Encryption.Format
			header, err := cluster.EncryptionHeader(ctx, spec.ImageRef)
			objects := cmp.Or(spec.ObjectSize, 4<<20)
			least, most := ceph.NewHeaderBytes(format, objects), ceph.NewHeaderBytes(format, objects*max(spec.StripeCount, 1))
			if err != nil || header.Format != format || header.Bytes != least && header.Bytes != most {
				t.Errorf("the header is %+v, %v", header, err)
			}
			holds := func(want bool) {
				t.Helper()
				contents, err := cluster.ImageContents(ctx, spec.ImageRef, format)
				if err != nil || contents.Empty() == want {
					t.Errorf("%+v, %v, want data: %v", contents, err, want)
				}
			}
			holds(false)
			if contents, err := cluster.ImageContents(ctx, spec.ImageRef, ""); err != nil || !contents.Allocated {
				t.Errorf("without its encryption the header is no data: %+v, %v", contents, err)
			}
			file := filepath.Join(t.TempDir(), "image")
			rbd(t, c, "export", "--no-progress", spec.String(), file)
			exported, err := os.ReadFile(file)
			if err != nil || !bytes.HasPrefix(exported, []byte("LUKS\xba\xbe")) {
				t.Fatalf("rbd export shows %q, %v", exported[:min(6, len(exported))], err)
			}
			writeAt(t, c, spec.ImageRef, header.Bytes)
			holds(true)
		})
	}
}

// writeAt writes one byte of an image by hand: rbd writes what a diff says.
func writeAt(t *testing.T, c *testbed.Cluster, ref ceph.ImageRef, offset uint64) {
	t.Helper()
	diff := binary.LittleEndian.AppendUint64([]byte("rbd diff v1\nw"), offset)
	diff = binary.LittleEndian.AppendUint64(diff, 1)
	file := filepath.Join(t.TempDir(), "diff")
	if err := os.WriteFile(file, append(diff, "xe"...), 0o600); err != nil {
		t.Fatal(err)
	}
	rbd(t, c, "import-diff", "--no-progress", file, ref.String())
}

// An image that can't be encrypted is not left unencrypted: it is removed again.
func TestImageThatCantBeEncrypted(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "refusing")
	for name, spec := range map[string]ceph.ImageSpec{
		"journal": {SizeBytes: 32 << 20, Features: []string{"exclusive-lock", "journaling"}},
		"small":   {SizeBytes: 1 << 20},
	} {
		spec.ImageRef = ceph.ImageRef{Pool: "refusing", Name: name}
		spec.Encryption = &ceph.Encryption{Format: ceph.LUKS2, Passphrase: sensitive.New([]byte("open sesame"))}
		created, err := cluster.CreateImage(ctx, spec)
		if created || err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: created %v, %v", name, created, err)
		}
		t.Log(err)
		if names := strings.Fields(rbd(t, c, "ls", "refusing")); len(names) != 0 {
			t.Errorf("%s: left is %v", name, names)
		}
	}
}
