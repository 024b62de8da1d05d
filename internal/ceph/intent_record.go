package ceph

import (
	"context"
	"crypto/rand"
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
	// intentGather is for how long creates wait for others after a record was written, so that one record names more of them: writing it is
	// the dearest step of a create for the monitors, and creates that go on together share the monitors' next commits too. The first record of
	// all is written at once.
	intentGather = 30 * time.Millisecond
	// intentsInRecord keeps a record far below the monitors' limit of 64 KiB.
	intentsInRecord = 50
)

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
	if err == nil || problem.NoAnswer(err) {
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
