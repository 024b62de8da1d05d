package ceph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// Encryption is how the content of an image is encrypted by those who open it.
type Encryption struct {
	Format     string // LUKS1 or LUKS2
	Passphrase sensitive.Value
}

// format is the format of an encryption; empty for none.
func (e *Encryption) format() string {
	if e == nil {
		return ""
	}
	return e.Format
}

// EncryptionHeader reads the header of an encrypted image. It tells the same of one in which a guest has made a LUKS volume of its own.
//
// Similar to: rbd export POOL/IMAGE - | head -c 592
func (c *Cluster) EncryptionHeader(ctx context.Context, ref ImageRef) (EncryptionHeader, error) {
	what := fmt.Sprintf("Unable to read the encryption header of image %s of cluster %q.", ref, c.cfg.Label)
	return readImage(ctx, c, what, ref, func(ctx context.Context, conn Conn) (EncryptionHeader, error) {
		return conn.EncryptionHeader(ctx, ref)
	})
}

// encryptNewImage formats an image that this create has made or taken up, which holds nothing. Where that fails the image is removed again:
// whoever opened it would write in plain what is to be encrypted.
//
// Similar to: rbd encryption format
func (c *Cluster) encryptNewImage(ctx context.Context, what string, spec ImageSpec) error {
	if spec.Encryption == nil {
		return nil
	}
	errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.FormatImage(ctx, spec.ImageRef, *spec.Encryption) })
	if err == nil {
		return nil
	}
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	p.Why, p.Do = explainFormat(errno, p.Why, p.Do)
	rollback, cancel := grace.Context(ctx, rollbackTimeout)
	defer cancel()
	if err := c.call(rollback, what, func(conn Conn) error { return conn.RemoveImage(rollback, spec.ImageRef) }); err != nil {
		p.Why += " The image was made, but not encrypted, and it could not be removed again."
		p.Do += fmt.Sprintf(" The next apply takes the image up, where the cluster's user may keep records; otherwise remove it first, once"+
			" nobody has it open: rbd rm %s.", problem.Word(spec.String()))
		return p
	}
	p.Why += " The image was removed again."
	c.forget(rollback, spec.intent())
	return p
}

// explainFormat says why an image was not encrypted, and what to do.
func explainFormat(errno Errno, why, do string) (string, string) {
	switch errno {
	case EOPNOTSUPP:
		return "librbd does not encrypt an image like this one: one with the feature journaling, or a clone.",
			"Leave journaling out of features, and out of the client's rbd_default_features."
	case EINVAL, ENOSPC:
		return "librbd refused to write the encryption's header.",
			"Choose a larger size: a header of luks2 takes 16MiB, one of luks1 4MiB, or one object where these are larger, and with" +
				" stripe_count as many objects."
	}
	return strings.TrimSpace("It could not be encrypted. " + why), do
}
