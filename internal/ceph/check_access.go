package ceph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// CheckAccess connects as a user (without "client.", with its key) and finds out whether it can use an image, as [Cluster.Image] has
// described it: it opens the image, reads its first byte and, unless readOnly, asks to remove an object that can't exist, which needs
// the permission to write and changes nothing. Problems name what is missing: problem.Denied for a key that the cluster
// refuses or caps that don't suffice.
//
// Similar to: rbd info --id; rbd export --id
func (c *Cluster) CheckAccess(ctx context.Context, user string, key Key, ref ImageRef, image Image, readOnly bool) error {
	if err := key.Check(); err != nil {
		return err
	}
	fsid, err := c.FSID(ctx)
	if err != nil {
		return err
	}
	cfg := c.cfg
	cfg.User, cfg.Key, cfg.KeyringFile, cfg.FSID = user, key, "", fsid
	ctx, cancel := context.WithTimeout(ctx, cfg.ConnectTimeout+cfg.OperationTimeout)
	defer cancel()
	mine, err := c.tryAccess(readcache.Share(ctx), cfg, ref, image, readOnly)
	if err != nil && !mine && !problem.NoAnswer(err) {
		// The caps count from when a client connects, and may have changed since another check has.
		_, err = c.tryAccess(readcache.Afresh(ctx), cfg, ref, image, readOnly)
	}
	return err
}

// tryAccess tries what CheckAccess does; mine tells that it was on a connection of its own.
func (c *Cluster) tryAccess(ctx context.Context, cfg Config, ref ImageRef, image Image, readOnly bool) (mine bool, err error) {
	user := cfg.User
	what := fmt.Sprintf("User %s of cluster %q can't use image %s.", entityOf(user), cfg.Label, ref)
	conn, mine, release, err := c.connectAs(ctx, cfg)
	if err != nil {
		return mine, c.explainLogin(ctx, what, user, cfg.Key, err)
	}
	defer release()
	if err := conn.ReadImage(ctx, ref); err != nil {
		denied, inParent := c.deniedIn(ctx, conn, ref, image)
		err := c.explainAccess(what, user, ref, denied, "read", err)
		var p *problem.Problem
		if inParent && errors.As(err, &p) {
			p.Why += " The image is a clone, and its parent is there, where reading is enough."
		}
		return mine, err
	}
	if readOnly {
		return mine, nil
	}
	pools := []string{ref.Pool}
	if image.DataPool != "" {
		pools = append(pools, image.DataPool)
	}
	for _, pool := range pools {
		err := conn.RemoveObject(ctx, pool, ref.Namespace, absentObject(image, pool == image.DataPool))
		if err != nil && errnoOf(err) != ENOENT {
			return mine, c.explainAccess(what, user, ref, ImageRef{Pool: pool, Namespace: ref.Namespace}, "write", err)
		}
	}
	return mine, nil
}

// deniedIn finds where a user, whose connection it is, may not read what an image consists of: in its own pool, in that of a parent, or in
// that of its data.
func (c *Cluster) deniedIn(ctx context.Context, conn Conn, ref ImageRef, image Image) (place ImageRef, inParent bool) {
	if image.Parent == nil && image.DataPool == "" {
		return ref, false
	}
	if _, err := conn.Image(ctx, ref); err != nil {
		return ref, false
	}
	for parent := image.Parent; parent != nil; {
		pool, err := c.PoolByID(ctx, parent.PoolID)
		if err != nil {
			break
		}
		told, err := conn.ImageHeaders(ctx, pool.Name, parent.Namespace, []string{parent.ImageID})
		if errno := errnoOf(err); errno == EPERM || errno == EACCES {
			return ImageRef{Pool: pool.Name, Namespace: parent.Namespace}, true
		}
		parent = told[parent.ImageID].Parent
	}
	if image.DataPool != "" {
		return ImageRef{Pool: image.DataPool, Namespace: ref.Namespace}, false
	}
	return ref, false
}

// absentObject names a data object of the image, so that caps with an object_prefix apply, by a number that no image
// is large enough to have.
func absentObject(image Image, inDataPool bool) string {
	number := strings.Repeat("f", 16)
	if inDataPool {
		return fmt.Sprintf("rbd_data.%d.%s.%s", image.PoolID, image.ID, number)
	}
	return fmt.Sprintf("rbd_data.%s.%s", image.ID, number)
}

// explainLogin says why a user was not let in: the provider's own user may see whether it exists, its key and its caps.
func (c *Cluster) explainLogin(ctx context.Context, what, user string, key Key, err error) error {
	err = c.failed(what, "", err)
	var refused *problem.Problem
	if !errors.As(err, &refused) || refused.Kind != problem.Denied {
		return err
	}
	p := &problem.Problem{
		Kind: problem.Denied, What: what,
		Why: "The monitors refuse this user with this key: the key is not the user's present one, the user doesn't exist, or it has no caps for" +
			" the monitors.",
		Do: fmt.Sprintf("Compare the key with that of the cluster (ceph auth get %s), and give the user mon caps of `profile rbd`.",
			problem.Word(entityOf(user))),
		Raw: refused.Raw,
	}
	present, asked := c.User(ctx, user)
	switch {
	case problem.Is(asked, problem.NotFound):
		p.Why, p.Do = "The cluster has no such user.", fmt.Sprintf("Create it, as ceph_user does, or name the user that the key belongs"+
			" to (ceph auth get %s shows none).", problem.Word(entityOf(user)))
	case asked != nil:
	case !present.Key.Equal(key):
		p.Why = "The key is not the user's present one."
		p.Do = fmt.Sprintf("Use the present key, as in key = ceph_user.NAME.key (ceph auth get-key %s).", problem.Word(entityOf(user)))
	case present.Caps["mon"] == "":
		p.Why, p.Do = "It has no caps for the monitors.", "Give the user mon caps of `profile rbd`."
	}
	return p
}

// explainAccess says what the caps of a user lack; denied is where, without the name of an image.
func (c *Cluster) explainAccess(what, user string, ref, denied ImageRef, verb string, err error) error {
	switch errnoOf(err) {
	case EPERM, EACCES:
		scope := fmt.Sprintf("pool=%s", denied.Pool)
		if denied.Namespace != "" {
			scope += fmt.Sprintf(" namespace=%s", denied.Namespace)
		}
		profile := "rbd"
		if verb == "read" {
			profile = "rbd (or rbd-read-only)"
		}
		return &problem.Problem{
			Kind: problem.Denied, What: what,
			Why: fmt.Sprintf("Its caps don't let it %s in pool %q.", verb, denied.Pool),
			Do:  fmt.Sprintf("Add to the osd caps of %s: profile %s %s.", entityOf(user), profile, scope),
			Raw: rawReply("", err),
		}
	case ENOENT:
		return &problem.Problem{
			Kind: problem.Other, What: what,
			Why: "The image is there, but its caps don't let the user see that.",
			Do:  fmt.Sprintf("Widen the osd caps of %s, and check with: rbd --id %s info %s.", entityOf(user), user, ref),
			Raw: rawReply("", err),
		}
	}
	return c.failed(what, "", err)
}
