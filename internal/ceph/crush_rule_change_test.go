package ceph

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// ruledCluster is a monitor with CRUSH rules, given by their failure domains, and a config-key store.
type ruledCluster struct {
	Conn

	mu       sync.Mutex
	rules    []string // by their ids, NAME DOMAIN; empty for an id that is free
	stored   map[string]string
	appears  map[string]string // a rule that somebody else makes just before the command of that prefix
	silent   string            // a command that is carried out without an answer
	unheard  string            // a command that gets neither
	commands []string          // those that change rules
}

func (r *ruledCluster) FSID(context.Context) (string, error) { return testFSID, nil }
func (r *ruledCluster) Close()                               {}

func (r *ruledCluster) MonCommand(_ context.Context, text, _ []byte) ([]byte, string, error) {
	var cmd struct{ Prefix, Name, Type, Key, Val, SrcName, DstName string }
	if err := json.Unmarshal(text, &cmd); err != nil {
		return nil, "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if rule := r.appears[cmd.Prefix]; rule != "" {
		r.rules = append(r.rules, rule)
		delete(r.appears, cmd.Prefix)
	}
	if cmd.Prefix == r.unheard {
		return nil, "", ETIMEDOUT
	}
	if strings.HasPrefix(cmd.Prefix, "osd crush rule create") {
		r.commands = append(r.commands, cmd.Prefix)
		named := func(rule string) bool { return strings.HasPrefix(rule, cmd.Name+" ") }
		if !slices.ContainsFunc(r.rules, named) { // or else 0, "already exists"
			r.rules = append(r.rules, cmd.Name+" "+cmd.Type)
		}
	}
	switch cmd.Prefix {
	case "config-key set":
		r.stored[cmd.Key] = cmd.Val
	case "config-key rm":
		delete(r.stored, cmd.Key)
	case "config-key dump":
		out, err := json.Marshal(r.stored)
		return out, "", err
	case "osd crush rule dump":
		listed := []string{}
		for id, rule := range r.rules {
			if name, domain, there := strings.Cut(rule, " "); there {
				listed = append(listed, fmt.Sprintf(`{"rule_id": %d, "rule_name": %q, "type": 1, "steps": [{"op": "take", "item_name": "default"},`+
					` {"op": "chooseleaf_firstn", "type": %q}, {"op": "emit"}]}`, id, name, domain))
			}
		}
		return []byte("[" + strings.Join(listed, ",") + "]"), "", nil
	}
	if cmd.Prefix == r.silent {
		return nil, "", ETIMEDOUT
	}
	return []byte("{}"), "", nil
}

func (r *ruledCluster) cluster() *Cluster {
	r.stored = map[string]string{}
	return r.again()
}

// again is the cluster as the next process sees it.
func (r *ruledCluster) again() *Cluster {
	made.Clear()
	return NewCluster(Config{Label: "east", MonHost: "192.0.2.1", Origin: "here"},
		func(context.Context, Config) (Conn, error) { return r, nil })
}

var byHost = CrushRuleSpec{Name: "fast", Type: Replicated, Root: "default", FailureDomain: "host"}

// The monitors report success for a rule of the name that is there, whatever it chooses.
func TestCreateCrushRuleTakesNobodyElsesRule(t *testing.T) {
	for name, tc := range map[string]struct {
		there    []string
		appears  map[string]string
		commands int
	}{
		"there":                     {there: []string{"fast rack"}},
		"there, and the same":       {there: []string{"fast host"}},
		"made while it is recorded": {appears: map[string]string{"config-key set": "fast host"}},
		"made just before, another": {appears: map[string]string{"osd crush rule create-replicated": "fast rack"}, commands: 1},
		"there, after another":      {there: []string{"slow host", "fast osd"}},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &ruledCluster{rules: slices.Clone(tc.there), appears: tc.appears}
			cluster := conn.cluster()
			_, created, err := cluster.CreateCrushRule(t.Context(), byHost)
			expect.Problem(t, err, problem.Exists, "It was left as it is", "terraform import ceph_crush_rule.NAME east/fast")
			if created || len(conn.commands) != tc.commands {
				t.Errorf("created: %t, sent: %q", created, conn.commands)
			}
			if len(conn.stored) > 0 {
				t.Errorf("still recorded: %v", conn.stored)
			}
		})
	}
}

func TestCreateCrushRuleWithoutAnAnswer(t *testing.T) {
	const create = "osd crush rule create-replicated"
	conn := &ruledCluster{silent: create}
	rule, created, err := conn.cluster().CreateCrushRule(t.Context(), byHost)
	if !created || err != nil || rule.FailureDomain != "host" {
		t.Errorf("carried out: %t, %+v, %v", created, rule, err)
	}
	conn = &ruledCluster{unheard: create}
	_, created, err = conn.cluster().CreateCrushRule(t.Context(), byHost)
	if created || !problem.Unanswered(err) || !strings.Contains(err.Error(), "The rule may still be made") {
		t.Errorf("not carried out: %t, %v", created, err)
	}
	// The request arrives later, and the next apply takes up what it made.
	conn.unheard, conn.rules = "", []string{"fast host"}
	if _, created, err = conn.again().CreateCrushRule(t.Context(), byHost); !created || err != nil {
		t.Errorf("not taken up: %v", err)
	}
}

// What a killed create has left is taken up if it is as asked for.
func TestCreateCrushRuleTakenUp(t *testing.T) {
	for name, tc := range map[string]struct {
		rule    string
		spec    CrushRuleSpec
		takenUp bool
	}{
		"as it was made":  {"fast host", byHost, true},
		"changed":         {"fast rack", byHost, false},
		"asked otherwise": {"fast rack", CrushRuleSpec{Name: "fast", Type: Replicated, Root: "default", FailureDomain: "rack"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &ruledCluster{}
			if _, created, err := conn.cluster().CreateCrushRule(t.Context(), byHost); !created || err != nil {
				t.Fatal(err)
			}
			conn.rules = []string{tc.rule}
			cluster := conn.again()
			_, created, err := cluster.CreateCrushRule(t.Context(), tc.spec)
			if created != tc.takenUp {
				t.Errorf("taken up: %t, %v", created, err)
			}
			cluster.CreateFulfilled(t.Context(), CreatedCrushRule("fast"))
			if len(conn.stored) > 0 {
				t.Errorf("still recorded: %v", conn.stored)
			}
		})
	}
}

// A rule is known by its id, which Ceph gives to the next rule once it is deleted.
func TestSameCrushRule(t *testing.T) {
	recorded := CrushRule{ID: 1, Name: "fast", Type: Replicated, Root: "default", FailureDomain: "host"}
	for name, tc := range map[string]struct {
		rules []string
		want  string // its name and failure domain
	}{
		"as recorded":                       {[]string{"slow osd", "fast host"}, "fast host"},
		"renamed":                           {[]string{"slow osd", "faster host"}, "faster host"},
		"made anew with other steps":        {[]string{"slow osd", "fast rack"}, "fast rack"},
		"gone":                              {[]string{"slow osd"}, ""},
		"its id is another rule's":          {[]string{"slow osd", "racks rack"}, ""},
		"its name is another rule's":        {[]string{"fast host"}, ""},
		"renamed, and the name has another": {[]string{"fast host", "faster host"}, "faster host"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &ruledCluster{rules: tc.rules}
			found, err := conn.cluster().SameCrushRule(t.Context(), recorded)
			if tc.want == "" {
				expect.Problem(t, err, problem.NotFound, `no CRUSH rule "fast" with id 1 any more`)
				return
			}
			if got := found.Name + " " + found.FailureDomain; err != nil || got != tc.want {
				t.Errorf("found %q, %v", got, err)
			}
		})
	}
	// A listing that serves many proves nothing of a rule that it lacks.
	conn := &ruledCluster{rules: []string{"slow osd"}}
	cluster, shared := conn.cluster(), readcache.Share(t.Context())
	if _, err := cluster.SameCrushRule(shared, CrushRule{Name: "slow"}); err != nil {
		t.Fatal(err)
	}
	conn.rules = append(conn.rules, "fast host")
	if _, err := cluster.SameCrushRule(shared, recorded); err != nil {
		t.Error(err)
	}
}
