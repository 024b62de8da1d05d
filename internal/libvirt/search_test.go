package libvirt

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// Procedures of libvirt's remote protocol that a search needs.
const (
	procSnapshotXML   = 186
	procListDomains   = 273
	procListSnapshots = 274
)

// Filters of the list of domains.
const (
	listAll           = 3
	listHasSnapshot   = 1 << 12
	listHasCheckpoint = 1 << 14
)

// flagsOf are the flags at the end of a request.
func flagsOf(body []byte) uint32 { return binary.BigEndian.Uint32(body[len(body)-4:]) }

// searched lets the daemon have domains by name, each with what the reading of its definition brings: a document, or a code.
func searched(
	d *fakeDaemon, documents map[string]string, codes map[string]uint32,
	others func(procedure uint32, body []byte) ([]byte, uint32, bool),
) {
	names := make([]string, 0, len(documents))
	for name := range documents {
		names = append(names, name)
	}
	slices.Sort(names)
	domain := func(name string) []byte {
		id := make([]byte, 16)
		copy(id, name)
		return append(append(xdrString(name), id...), xdrWord(0xffffffff)...)
	}
	list := func(names ...string) []byte {
		reply := xdrWord(uint32(len(names)))
		for _, name := range names {
			reply = append(reply, domain(name)...)
		}
		return append(reply, xdrWord(uint32(len(names)))...)
	}
	d.toRequest = func(procedure uint32, body []byte) ([]byte, uint32, bool) {
		if reply, code, answered := others(procedure, body); answered {
			return reply, code, true
		}
		switch procedure {
		case procListDomains:
			if flagsOf(body) == listAll {
				return list(names...), 0, true
			}
			return list(), 0, true
		case procDomainXML, procDomainLookupUUID:
			for _, name := range names {
				id := make([]byte, 16)
				copy(id, name)
				if !bytes.Contains(body, id) {
					continue
				}
				if procedure == procDomainLookupUUID {
					if codes[name] == 42 {
						return nil, 42, true
					}
					return domain(name), 0, true
				}
				return xdrString(documents[name]), codes[name], true
			}
		}
		return nil, 0, false
	}
}

// A domain that can't be read hides nothing of the others, and is named; one that is gone is none. What a driver can't have is not
// looked for, and only a host that does not answer at all is one that could not be reached.
func TestImageUsesOfAHostThatAnswersInPart(t *testing.T) {
	const booked = `<domain><devices><disk type='network'><source protocol='rbd' name='vms/b1'/><target dev='vda'/></disk></devices></domain>`
	for name, c := range map[string]struct {
		documents map[string]string
		codes     map[string]uint32
		others    func(procedure uint32, body []byte) ([]byte, uint32, bool)
		uses      int
		kind      problem.Kind
		words     string
		fails     bool
	}{
		"a document that is no XML": {
			documents: map[string]string{"broken": "<domain><a></domain>", "user": booked},
			uses:      1, fails: true, kind: problem.Other, words: `"broken"`,
		},
		"a value that only libvirt understands": {
			documents: map[string]string{"odd": `<domain><memory unit='KiB'>-1</memory><vcpu>many</vcpu></domain>`, "user": booked}, uses: 1,
		},
		"a domain that libvirt can't read": {
			documents: map[string]string{"broken": "", "user": booked}, codes: map[string]uint32{"broken": 1},
			uses: 1, fails: true, kind: problem.Other, words: `"broken"`,
		},
		"a domain that may not be read": {
			documents: map[string]string{"secret": "", "user": booked}, codes: map[string]uint32{"secret": 88},
			uses: 1, fails: true, kind: problem.Other, words: `"secret"`,
		},
		"a domain that is gone": {documents: map[string]string{"gone": "", "user": booked}, codes: map[string]uint32{"gone": 42}, uses: 1},
		"a driver without snapshots and checkpoints": {
			documents: map[string]string{"user": booked}, uses: 1,
			others: func(procedure uint32, body []byte) ([]byte, uint32, bool) {
				// A release that doesn't know a flag calls it an invalid argument, a driver without the feature says so.
				if procedure != procListDomains {
					return nil, 0, false
				}
				code := map[uint32]uint32{listHasSnapshot: 8, listHasCheckpoint: 3}[flagsOf(body)]
				return nil, code, code != 0
			},
		},
		"a list that is refused": {
			documents: map[string]string{"user": booked}, fails: true, kind: problem.Denied, words: "list the domains",
			others: func(procedure uint32, _ []byte) ([]byte, uint32, bool) { return nil, 88, procedure == procListDomains },
		},
		"a list of those with snapshots that is refused": {
			documents: map[string]string{"user": booked}, fails: true, kind: problem.Denied, words: "list the domains",
			others: func(procedure uint32, body []byte) ([]byte, uint32, bool) {
				return nil, 88, procedure == procListDomains && flagsOf(body) == listHasSnapshot
			},
		},
	} {
		d := newFakeDaemon(t)
		others := c.others
		if others == nil {
			others = func(uint32, []byte) ([]byte, uint32, bool) { return nil, 0, false }
		}
		searched(d, c.documents, c.codes, others)
		uses, err := host(t, Config{URI: d.uri()}).ImageUses(t.Context())
		if len(uses) != c.uses || (err != nil) != c.fails {
			t.Errorf("%s: %+v, %v", name, uses, err)
			continue
		}
		if c.fails {
			expect.Problem(t, err, c.kind, c.words)
		}
	}
	nowhere := host(t, Config{URI: "qemu+unix:///system?socket=" + t.TempDir() + "/nosuch"})
	_, err := nowhere.ImageUses(t.Context())
	expect.Problem(t, err, problem.Unreachable)
}

// Snapshots are listed only for domains that have any, and each document is read once.
func TestImageUsesReadsOnlyWhatThereIs(t *testing.T) {
	const domains = 200
	documents := map[string]string{}
	for i := range domains {
		documents[fmt.Sprintf("d%03d", i)] = "<domain/>"
	}
	d := newFakeDaemon(t)
	searched(d, documents, nil, func(uint32, []byte) ([]byte, uint32, bool) { return nil, 0, false })
	if _, err := host(t, Config{URI: d.uri()}).ImageUses(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := d.called(procListDomains); n != 4 {
		t.Errorf("%d listings", n)
	}
	if n := d.called(procDomainXML); n != domains {
		t.Errorf("%d definitions read", n)
	}
	if n := d.called(procListSnapshots) + d.called(procSnapshotXML); n != 0 {
		t.Errorf("%d calls for snapshots that don't exist", n)
	}
}

// One reading of all domains serves those who only warn of what else names an image, until a domain is changed from here.
func TestSearchesShareAReading(t *testing.T) {
	d := newFakeDaemon(t)
	searched(d, map[string]string{"guest": "<domain><name>guest</name></domain>"}, nil, func(uint32, []byte) ([]byte, uint32, bool) {
		return nil, 0, false
	})
	h := host(t, Config{URI: d.uri()})
	shared := readcache.Share(t.Context())
	want := func(ctx context.Context, definitions int) {
		t.Helper()
		_, err := h.ImageUses(ctx)
		expect.NoError(t, err)
		if got := d.called(procDomainXML); got != definitions {
			t.Errorf("%d definitions were read, want %d", got, definitions)
		}
	}
	want(shared, 1)
	want(shared, 1)
	want(t.Context(), 2)
	want(shared, 2)
	_, unlock, err := h.changing(t.Context(), operation{doing: "change the domain"}, "67756573-7400-0000-0000-000000000000")
	expect.NoError(t, err)
	want(shared, 3)
	unlock()
	want(shared, 4)
	want(shared, 4)
}

// However many images or secrets are deleted at the same time, the domains are read for one after the other only as often as somebody has
// asked since the last reading began.
func TestDeletionsShareTheNextReading(t *testing.T) {
	for what, search := range map[string]func(*Host, context.Context) error{
		"images": func(h *Host, ctx context.Context) error { _, err := h.ImageUses(ctx); return err },
		"secrets": func(h *Host, ctx context.Context) error {
			_, err := h.SecretUsers(ctx, Secret{UUID: fakeHostUUID, UsageType: UsageCeph, UsageName: "client.libvirt"})
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			d := newFakeDaemon(t)
			begun, resume := make(chan struct{}), make(chan struct{})
			var first sync.Once
			guest := map[string]string{"guest": "<domain><name>guest</name></domain>"}
			searched(d, guest, nil, func(procedure uint32, _ []byte) ([]byte, uint32, bool) {
				if procedure == procDomainXML {
					first.Do(func() { close(begun); <-resume })
				}
				return nil, 0, false
			})
			h := host(t, Config{URI: d.uri()})
			var all sync.WaitGroup
			ask := func() {
				all.Go(func() {
					if err := search(h, t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			ask()
			<-begun
			for range 20 {
				ask()
			}
			time.Sleep(100 * time.Millisecond) // so that they wait; one that came later would share a later reading, or the second
			close(resume)
			all.Wait()
			if got := d.called(procDomainXML); got < 2 || got > 5 {
				t.Errorf("21 searches read the domain %d times, 2 wanted, or a few more where some came late", got)
			}
		})
	}
}
