//go:build cgo

package rados

import (
	"context"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

func (c *conn) FormatImage(ctx context.Context, ref ceph.ImageRef, encryption ceph.Encryption) error {
	return changing(ctx, c, ref, func(image *rbd.Image) error {
		passphrase := encryption.Passphrase.Bytes()
		if encryption.Format == ceph.LUKS1 {
			return image.EncryptionFormat(rbd.EncryptionOptionsLUKS1{Alg: rbd.EncryptionAlgorithmAES256, Passphrase: passphrase})
		}
		return image.EncryptionFormat(rbd.EncryptionOptionsLUKS2{Alg: rbd.EncryptionAlgorithmAES256, Passphrase: passphrase})
	})
}

func (c *conn) EncryptionHeader(ctx context.Context, ref ceph.ImageRef) (ceph.EncryptionHeader, error) {
	return reading(ctx, c, ref, func(_ *rados.Conn, _ *rados.IOContext, image *rbd.Image) (ceph.EncryptionHeader, error) {
		return ceph.ReadEncryptionHeader(image)
	})
}

// contentFrom is where the content of an image begins that is encrypted in this format; 0 for none, or where the image has no such header.
func contentFrom(image *rbd.Image, format string) (uint64, error) {
	if format == "" {
		return 0, nil
	}
	header, err := ceph.ReadEncryptionHeader(image)
	if header.Format != format {
		return 0, err
	}
	return header.Bytes, err
}
