package ceph

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// IntentPrefix begins the names of the records of intended creates in the cluster's config-key store.
const IntentPrefix = "terraform-provider-ceph/"

// intentPrefix begins the names of the records that this version reads and writes.
const intentPrefix = IntentPrefix + "intents/"

const (
	intentVersion = 1
	// intentAge is how old a record may be for its creates to be taken up again: the older it is, the less it tells about who made an object.
	intentAge = 24 * time.Hour
	// intentGather is for how long creates wait for others after a record was written, so that one record names more of them: writing it is
	// the dearest step of a create for the monitors. The first record of all is written at once.
	intentGather = 10 * time.Millisecond
	// intentsInRecord keeps a record far below the monitors' limit of 64 KiB.
	intentsInRecord = 50
)

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

// intentRecord is one value in the config-key store. It is written again with each batch of creates until it is full: one record for many
// is removed by one command.
type intentRecord struct {
	Version int       `json:"version"`
	Time    time.Time `json:"time"` // of the first create
	Origin  string    `json:"origin"`
	Creates []intent  `json:"creates"`

	own    bool // written by this process
	stored int  // how many creates the stored record names: more than these, where reads have seen some fulfilled
}

// intentStore is what is known of the records of a cluster.
type intentStore struct {
	// The monitors' records are read once: those of killed processes are older than this one.
	load chan struct{} // holds a token while they are read
	read bool

	mu      sync.Mutex
	off     bool // the user may not, or the cluster can't
	records map[string]*intentRecord
	filling string // the name of the record that takes the next creates
	writing bool
	written time.Time // when the last batch was
	next    *intentBatch
}

// intentBatch is what is written together: while one write is under way, and for a moment after it, changes wait for the next.
type intentBatch struct {
	// ctx is that of the first who waits for it, without its end: the batch is everybody's.
	ctx     context.Context
	creates []intent
	changed map[string]bool // names of records
	done    chan struct{}
}

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

// removeIntents removes the intents to create the object, and writes the records that are to be written then.
func (c *Cluster) removeIntents(ctx context.Context, in intent, toWrite func(*intentRecord) bool) {
	s := &c.intents
	s.mu.Lock()
	var changed []string
	for name, record := range s.records {
		record.Creates = slices.DeleteFunc(record.Creates, in.sameObject)
		if toWrite(record) {
			changed = append(changed, name)
		}
	}
	s.mu.Unlock()
	if len(changed) == 0 {
		return
	}
	c.submitIntents(ctx, func(batch *intentBatch) {
		for _, name := range changed {
			batch.changed[name] = true
		}
	})
}

// naming returns the names of the records with an intent for the object, in their order.
func (s *intentStore) naming(in intent) []string {
	var names []string
	for name, record := range s.records {
		if slices.ContainsFunc(record.Creates, in.sameObject) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// submitIntents has a change written with the next batch, waits for it, and tells whether the user may.
func (c *Cluster) submitIntents(ctx context.Context, change func(*intentBatch)) bool {
	s := &c.intents
	s.mu.Lock()
	if c.cfg.Origin == "" || s.off {
		s.mu.Unlock()
		return false
	}
	if s.next == nil {
		s.next = &intentBatch{ctx: context.WithoutCancel(ctx), changed: map[string]bool{}, done: make(chan struct{})}
	}
	batch := s.next
	change(batch)
	if !s.writing {
		s.writing = true
		go c.writeIntents()
	}
	s.mu.Unlock()
	select {
	case <-batch.done:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.off
}

// writeIntents writes batches until none waits.
func (c *Cluster) writeIntents() {
	s := &c.intents
	for {
		s.mu.Lock()
		if s.next == nil {
			s.writing = false
			s.mu.Unlock()
			return
		}
		gather := s.written.Add(intentGather).Sub(c.now())
		s.mu.Unlock()
		<-time.After(gather)
		s.mu.Lock()
		batch := s.next
		s.next = nil
		commands := c.intentCommands(batch)
		s.mu.Unlock()
		steps := make([]func() error, 0, len(commands))
		for _, cmd := range commands {
			steps = append(steps, func() error { return c.sendIntents(batch.ctx, cmd, nil) })
		}
		c.concurrently(steps...)
		close(batch.done)
		s.mu.Lock()
		s.written = c.now()
		s.mu.Unlock()
	}
}

// intentCommands records the batch's creates and returns the commands that write it.
func (c *Cluster) intentCommands(batch *intentBatch) []command {
	s := &c.intents
	if s.records == nil {
		s.records = map[string]*intentRecord{}
	}
	for _, in := range batch.creates {
		record := s.records[s.filling]
		if record == nil || len(record.Creates) >= intentsInRecord {
			s.filling = intentPrefix + strings.ToLower(rand.Text())
			record = &intentRecord{Version: intentVersion, Time: c.now().UTC().Truncate(time.Second), Origin: c.cfg.Origin, own: true}
			s.records[s.filling] = record
		}
		record.Creates = append(record.Creates, in)
		batch.changed[s.filling] = true
	}
	commands := make([]command, 0, len(batch.changed))
	for name := range batch.changed {
		record := s.records[name]
		if record == nil {
			continue
		}
		if len(record.Creates) == 0 {
			delete(s.records, name)
			commands = append(commands, command{"prefix": "config-key rm", "key": name})
			continue
		}
		text, err := json.Marshal(record)
		if err != nil {
			continue // it has nothing that can't be encoded
		}
		record.stored = len(record.Creates)
		commands = append(commands, command{"prefix": "config-key set", "key": name, "val": string(text)})
	}
	return commands
}

// sendIntents sends a command to the config-key store. After a refusal none is sent any more.
func (c *Cluster) sendIntents(ctx context.Context, cmd command, reply any) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.OperationTimeout)
	defer cancel()
	err := c.mon(ctx, fmt.Sprintf("Unable to record what is created in cluster %q.", c.cfg.Label), cmd, reply)
	if err == nil || problem.Unanswered(err) {
		return err
	}
	s := &c.intents
	s.mu.Lock()
	first := !s.off
	s.off = true
	s.mu.Unlock()
	if first {
		end := c.log.Start(ctx, calllog.Call{
			Name: "go on without records of what is created", Change: true,
			Object: calllog.Object{Entity: c.Entity()},
		})
		end(refusalOf(err))
	}
	return err
}

// readIntents reads the records, once.
func (c *Cluster) readIntents(ctx context.Context) {
	s := &c.intents
	select {
	case s.load <- struct{}{}:
		defer func() { <-s.load }()
	case <-ctx.Done():
		return
	}
	s.mu.Lock()
	skip := s.read || s.off
	s.mu.Unlock()
	if skip {
		return
	}
	dump := map[string]any{}
	// Never without the prefix: the store holds the keys of daemons too.
	if err := c.sendIntents(ctx, command{"prefix": "config-key dump", "key": intentPrefix}, &dump); err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = true
	if s.records == nil {
		s.records = map[string]*intentRecord{}
	}
	for name, value := range dump {
		text, _ := value.(string)
		record := &intentRecord{}
		if s.records[name] != nil || !strings.HasPrefix(name, intentPrefix) || json.Unmarshal([]byte(text), record) != nil {
			continue
		}
		if record.Version == intentVersion {
			record.stored = len(record.Creates)
			s.records[name] = record
		}
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

type namedRecord struct {
	name   string
	record intentRecord
}

// left returns copies of the records that other processes have left of the object.
func (c *Cluster) left(in intent) []namedRecord {
	s := &c.intents
	s.mu.Lock()
	defer s.mu.Unlock()
	var left []namedRecord
	for _, name := range s.naming(in) {
		if record := *s.records[name]; !record.own {
			record.Creates = slices.Clone(record.Creates)
			left = append(left, namedRecord{name, record})
		}
	}
	return left
}

// Created is an object whose create may be recorded.
type Created struct{ intent intent }

// CreatedPool is a pool.
func CreatedPool(name string) Created { return Created{intent{Kind: poolKind, Name: name}} }

// CreatedUser is a user, by the name without the prefix client.
func CreatedUser(name string) Created { return Created{intent{Kind: userKind, Name: name}} }

// CreatedImage is an image.
func CreatedImage(ref ImageRef) Created { return Created{intent{Kind: imageKind, Name: ref.String()}} }

// CreatedNamespace is an RBD namespace.
func CreatedNamespace(ns Namespace) Created {
	return Created{intent{Kind: namespaceKind, Name: ns.String()}}
}

// CreatedErasureCodeProfile is an erasure code profile.
func CreatedErasureCodeProfile(name string) Created {
	return Created{intent{Kind: erasureCodeProfileKind, Name: name}}
}

// CreatedSnapshot is a snapshot of an image.
func CreatedSnapshot(ref ImageRef, name string) Created {
	return Created{intent{Kind: snapshotKind, Name: snapshotName(ref, name)}}
}

// CreatedCrushRule is a CRUSH rule.
func CreatedCrushRule(name string) Created { return Created{intent{Kind: ruleKind, Name: name}} }

// The kinds of objects in claims and intents.
const (
	poolKind      = "pool"
	userKind      = "user"
	imageKind     = "image"
	namespaceKind = "namespace"
	snapshotKind  = "snapshot"
	ruleKind      = "crush-rule"

	erasureCodeProfileKind = "erasure-code-profile"
)

// withRemark adds to an error what is recorded of the object.
func withRemark(p *problem.Problem, remark string) error {
	p.Do = strings.TrimSpace(p.Do + " " + remark)
	return p
}
