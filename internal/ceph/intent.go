package ceph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// intentAge is how old a record may be for its creates to be taken up again: the older it is, the less it tells about who made an object.
const intentAge = 24 * time.Hour

// intent is one create: of what, under which name, and a digest of what else was asked for. No key is in it.
//
// A create of an object that is there is refused (problem.Exists), unless the create of an earlier process has left its intent. So that
// this takes nobody else's object:
//   - The create asks whether the object exists, writes the intent, and asks again. What was there before has no intent. What somebody else
//     makes in between is seen by the second question, and the intent removed. After that there is the race that a create without intents
//     has too: the monitors report success to both. (librbd refuses the second one, so of images the create itself is the second question.)
//   - Only a process of the same origin ([Config.Origin]) takes an object over, so that of two configurations with the same object the
//     second one is refused, also while the first one's record waits for its next refresh.
//   - Within a process nothing is taken over that the process itself has made or taken over: that is another resource of the same name.
//   - The object has to be what the create would have made, and without data; the record not older than intentAge.
//
// A record is removed by the next reads, once each of its objects was found, since these have their resources in a state: Terraform saves
// the state after the create has returned, so the create itself can't. A create that was refused removes its own intent, and so does the
// end of an object.
type intent struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// newIntent makes an intent; what is spec's text is asked for besides the name. The text must not hold a key.
func newIntent(kind, name, spec string) intent {
	sum := sha256.Sum256([]byte(spec))
	return intent{kind, name, hex.EncodeToString(sum[:16])}
}

func (i intent) sameObject(other intent) bool { return i.Kind == other.Kind && i.Name == other.Name }

// made holds the objects that this process has created or taken over, as claimed does.
var made sync.Map

// recordMade notes that an object belongs to a resource of this process.
func (c *Cluster) recordMade(ctx context.Context, in intent) {
	if fsid, err := c.FSID(ctx); err == nil {
		made.Store(claimed{fsid, in.Kind, in.Name}, true)
	}
}

// intend writes the intent, together with those of other creates, and returns when it is written. A user who may not write it creates
// without: then it returns false.
func (c *Cluster) intend(ctx context.Context, in intent) bool {
	return c.submitIntents(ctx, func(batch *intentBatch) { batch.creates = append(batch.creates, in) })
}

// forget removes all intents to create the object. It does nothing where there are none, or the user may not.
func (c *Cluster) forget(ctx context.Context, in intent) {
	c.removeIntents(ctx, in, func(record *intentRecord) bool { return len(record.Creates) < record.stored })
}

// CreateFulfilled removes what is recorded of the create of an object that a read has found: it has its resource in a state. The record is
// removed once all its creates are fulfilled, and not written again for each of them: that would cost the monitors as much as the creates
// did.
//
// Similar to: ceph config-key dump; ceph config-key rm
func (c *Cluster) CreateFulfilled(ctx context.Context, object Created) {
	if c.cfg.Origin != "" {
		c.readIntents(ctx)
		c.removeIntents(ctx, object.intent, func(record *intentRecord) bool { return len(record.Creates) == 0 })
	}
}

// CreateUndone removes what is recorded of the create of an object that is no more.
//
// Similar to: ceph config-key dump; ceph config-key rm
func (c *Cluster) CreateUndone(ctx context.Context, object Created) {
	if c.cfg.Origin != "" {
		c.readIntents(ctx)
		c.forget(ctx, object.intent)
	}
}

// takesUp tells whether an object that exists was left by a create that did not come to its end, so that this one is to complete it.
// asWanted is asked last: whether the object is what the create would have made. If not, remark says what is recorded of the object, or
// nothing.
func (c *Cluster) takesUp(ctx context.Context, in intent, asWanted func() bool) (takenUp bool, remark string) {
	if c.cfg.Origin == "" {
		return false, ""
	}
	fsid, err := c.FSID(ctx)
	if err != nil {
		return false, ""
	}
	if _, ours := made.Load(claimed{fsid, in.Kind, in.Name}); ours {
		return false, ""
	}
	c.readIntents(ctx)
	for _, found := range c.left(in) {
		record := found.record
		var why string
		switch {
		case record.Origin != c.cfg.Origin:
			why = "by another configuration or in another folder"
		case c.now().Sub(record.Time) > intentAge:
			why = "which is more than a day ago"
		case !slices.Contains(record.Creates, in):
			why = "with other arguments"
		case !asWanted():
			why = "and it is not as that create would have made it, or is in use"
		default:
			made.Store(claimed{fsid, in.Kind, in.Name}, true)
			return true, ""
		}
		remark = fmt.Sprintf("The record %s of %s says that it was being created then, %s. An import removes the record, and so does:"+
			" ceph config-key rm %s.", found.name, record.Time.Format(time.RFC3339), why, found.name)
	}
	return false, remark
}

// withRemark adds to an error what is recorded of the object.
func withRemark(p *problem.Problem, remark string) error {
	p.Do = strings.TrimSpace(p.Do + " " + remark)
	return p
}
