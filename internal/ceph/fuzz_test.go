package ceph

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// seedReplies adds the recorded replies to a command, of all releases at hand.
func seedReplies(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob("testdata/" + pattern + ".json")
	if err != nil || len(files) == 0 {
		f.Fatal(pattern, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
}

// withKeys puts keys where a recorded reply has had one.
func withKeys(reply []byte) (text string, keys []string) {
	aes, aes256k := madeKey(keyTypeAES, 16), madeKey(keyTypeAES256K, 32)
	return strings.NewReplacer("KEY-AES256K", aes256k, "KEY-AES", aes).Replace(string(reply)), []string{aes, aes256k}
}

// twice answers a reading with a reply, two times over. The result has to be the same, and its error must hold no key.
func twice[T any](t *testing.T, reply []byte, others map[string]answer, prefix string, read func(*Cluster) (T, error)) (T, error) {
	t.Helper()
	text, keys := withKeys(reply)
	answers := map[string]answer{prefix: {out: text}}
	for other, a := range others {
		answers[other] = a
	}
	ask := func() (T, error) {
		cluster, _ := withFake(answers)
		return read(cluster)
	}
	first, err := ask()
	second, again := ask()
	if !reflect.DeepEqual(first, second) || (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
		t.Errorf("the same reply gave %+v, %v and then %+v, %v", first, err, second, again)
	}
	for _, key := range keys {
		if err != nil && strings.Contains(err.Error(), key) {
			t.Error("the error holds a key")
		}
	}
	return first, err
}

func FuzzMonitors(f *testing.F) {
	seedReplies(f, "mon-dump*")
	f.Add([]byte(`{"mons":[{"public_addrs":{"addrvec":[{"type":"v1","addr":"192.0.2.1:-1"},{"type":"v2","addr":"[::1]:70000"}]}}]}`))
	f.Fuzz(func(t *testing.T, reply []byte) {
		monitors, err := twice(t, reply, nil, "mon dump", func(c *Cluster) ([]Monitor, error) { return c.Monitors(context.Background()) })
		if err != nil {
			return
		}
		for _, m := range monitors {
			for protocol, at := range map[string]Endpoint{"v1": m.V1, "v2": m.V2} {
				if at.Port < 0 || at.Port > math.MaxUint16 {
					t.Errorf("%s of %s has port %d", protocol, m.Name, at.Port)
				}
				if at.Host == "" {
					continue
				}
				text, isV1 := strings.CutPrefix(Monitor{V1: at}.MonHost(), "v1:")
				if again, err := parseEndpoint(text); err != nil || again != at || !isV1 {
					t.Errorf("%+v is written as %s, and read as %+v, %v", at, text, again, err)
				}
			}
		}
	})
}

func FuzzPools(f *testing.F) {
	seedReplies(f, "osd-pool-ls-detail*")
	f.Add([]byte(`[{"pool_name":"a","options":{"target_size_ratio":1e300}},{"pool_name":"b","options":{"target_size_ratio":inf}}]`))
	rules, err := os.ReadFile("testdata/osd-crush-rule-dump.json")
	if err != nil {
		f.Fatal(err)
	}
	others := map[string]answer{"osd crush rule dump": {out: string(rules)}}
	f.Fuzz(func(t *testing.T, reply []byte) {
		pools, err := twice(t, reply, others, "osd pool ls", func(c *Cluster) ([]Pool, error) { return c.Pools(context.Background()) })
		if err != nil {
			return
		}
		var all []any
		if json.Unmarshal(reply, &all) == nil && len(all) != len(pools) {
			t.Errorf("%d pools, and %d are in the reply", len(pools), len(all))
		}
		if !slices.IsSortedFunc(pools, func(a, b Pool) int { return strings.Compare(a.Name, b.Name) }) {
			t.Error("not sorted")
		}
		for _, p := range pools {
			if p.Type != Replicated && p.Type != Erasure || !slices.IsSorted(p.Applications) {
				t.Errorf("%+v", p)
			}
			for _, ratio := range []*float64{p.TargetSizeRatio, p.CompressionRequiredRatio} {
				if ratio != nil && (math.IsInf(*ratio, 0) || math.IsNaN(*ratio) || *decimal(ratio) != *ratio) {
					t.Errorf("the ratio %v", *ratio)
				}
			}
		}
	})
}

func FuzzUsers(f *testing.F) {
	seedReplies(f, "auth-ls*")
	f.Add([]byte(`{"auth_dump":[{"entity":"client.a","key":"KEY-AES","caps":{"KEY-AES256K":1}}]}`))
	f.Add([]byte(`{"auth_dump":[{"entity":"client.a","key":{"KEY-AES":0}}]} KEY-AES`))
	f.Fuzz(func(t *testing.T, reply []byte) {
		users, err := twice(t, reply, nil, "auth ls", func(c *Cluster) ([]UserEntry, error) { return c.Users(context.Background()) })
		if err != nil {
			return
		}
		for _, u := range users {
			if u.Entity != entityOf(u.Name) || u.KeyType != "" && u.KeyFingerprint == "" {
				t.Errorf("%+v", u)
			}
		}
		if !slices.IsSortedFunc(users, func(a, b UserEntry) int { return strings.Compare(a.Name, b.Name) }) {
			t.Error("not sorted")
		}
	})
}

// What is JSON already is not touched by the mending of what isn't.
func FuzzReplaceBareNumbers(f *testing.F) {
	seedReplies(f, "osd-crush-rule-dump*")
	f.Add([]byte(`{"nan":"\"inf","a":[nan,-inf,inf]}`))
	f.Fuzz(func(t *testing.T, reply []byte) {
		mended := replaceBareNumbers(reply)
		if json.Valid(reply) && !bytes.Equal(mended, reply) {
			t.Errorf("%q became %q", reply, mended)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	aes := madeKey(keyTypeAES, 16)
	known := map[string]bool{}
	for _, text := range []string{
		aes, madeKey(keyTypeAES256K, 32), madeKey(3, 48), "", "!!!", base64.StdEncoding.EncodeToString([]byte(aes)), aes + "\n",
		"[client.x]\n\tkey = " + aes, madeKey(keyTypeAES, 15), strings.TrimRight(aes, "="), aes[:20] + "\n" + aes[20:],
	} {
		f.Add([]byte(text))
		if _, err := ParseKey(text); err != nil {
			known[err.Error()] = true
		}
	}
	raw, _ := base64.StdEncoding.DecodeString(aes)
	f.Add(raw)
	_, err := ParseKey(string(raw))
	known[err.Error()] = true
	f.Fuzz(func(t *testing.T, input []byte) {
		text := string(input)
		key, err := ParseKey(text)
		if err != nil {
			// The words are the same whatever the text is, so they hold nothing of it.
			if !known[err.Error()] || !key.IsZero() {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if key.Text() != text || base64.StdEncoding.EncodeToString(key.Bytes()) != text {
			t.Errorf("%q is written as %q", text, base64.StdEncoding.EncodeToString(key.Bytes()))
		}
		if again := KeyOf(key.Value); !again.Equal(key) || again.Check() != nil || again.Fingerprint() != key.Fingerprint() {
			t.Errorf("%q: its bytes are another key", text)
		}
	})
}

func FuzzKeyring(f *testing.F) {
	f.Add("x", madeKey(keyTypeAES, 16), `allow command "osd blocklist"`)
	f.Add("x", "KEY\\", `allow r # \`)
	f.Add("a b", madeKey(keyTypeAES256K, 32), "[client.x]")
	f.Fuzz(func(t *testing.T, name, key, caps string) {
		made := GivenKey(key)
		if made.Check() != nil || ValidateCaps("osd", caps) != nil || strings.ContainsFunc(name, func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune("[]", r)
		}) {
			// These never reach a keyring. As a text from elsewhere it is read without a panic all the same.
			KeyInKeyring(sensitive.New([]byte(name+key+caps)), entityOf(name))
			return
		}
		text := keyring(name, made, map[string]string{"mon": caps, "osd": caps})
		if got := KeyInKeyring(text, entityOf(name)); !got.Equal(made) {
			t.Errorf("the key of %q is read as another one, of %d characters", name, len(got.Text()))
		}
		if got := KeyInKeyring(text, entityOf(name+"2")); !got.IsZero() {
			t.Error("another user has the key")
		}
	})
}

func FuzzCaps(f *testing.F) {
	for _, caps := range []string{
		"profile rbd pool=a, profile rbd pool=b", "allow  rwx   pool = a", "allow pool a rwx; allow all", `allow command "osd blocklist"`,
		"allow rw tag cephfs data=x", `allow rw pool='a "b"' namespace=""`, "allow =", `allow "`, "profile rbd network 192.0.2.0/24",
	} {
		f.Add(caps)
	}
	f.Fuzz(func(t *testing.T, caps string) {
		clauses, closed := splitClauses(caps)
		if !EqualCaps(caps, caps) || !IncludesCaps(caps, caps) {
			t.Error("not equal to themselves")
		}
		if err := ValidateCaps("mon", caps); err == nil && (!closed || len(grants(caps)) == 0) && strings.Trim(caps, " \t,;") != "" {
			t.Error("valid, and there is no grant in them")
		}
		if !closed {
			return
		}
		slices.Reverse(clauses)
		for _, same := range []string{strings.Join(clauses, ","), strings.Join(clauses, " ;\t"), caps + "," + caps} {
			if !EqualCaps(caps, same) || MonProfileRBD(caps) != MonProfileRBD(same) || ManagesUsers(caps) != ManagesUsers(same) {
				t.Errorf("%q and %q mean the same: %q, %q", caps, same, grants(caps), grants(same))
			}
		}
		more := caps + ",allow r pool=one-more"
		if !IncludesCaps(more, caps) || IncludesCaps(caps, more) != EqualCaps(caps, more) {
			t.Errorf("%q", more)
		}
	})
}

// Access to other pools or namespaces is never the same capabilities, whatever is in their names.
func FuzzRBDCaps(f *testing.F) {
	f.Add("vms", "", "images", "")
	f.Add("odd name", "a", "odd", "a")
	f.Add("a r", "b", "a", "b")
	f.Add("a=", "b", "a", "=b")
	f.Add("z", "y pool x", "x pool z", "y")
	f.Add("it's", `say "x"`, "its", "x")
	f.Fuzz(func(t *testing.T, poolA, namespaceA, poolB, namespaceB string) {
		for _, name := range []string{poolA, namespaceA, poolB, namespaceB} {
			if !utf8.ValidString(name) {
				return // Terraform has no such strings.
			}
		}
		capsOf := func(pool, namespace string) (string, error) {
			access := RBDAccess{Pools: []string{pool}}
			if namespace != "" {
				access = RBDAccess{Namespaces: map[string][]string{pool: {namespace}}}
			}
			caps, err := access.Caps()
			return caps["osd"], err
		}
		a, errA := capsOf(poolA, namespaceA)
		b, errB := capsOf(poolB, namespaceB)
		if errA != nil || errB != nil {
			return
		}
		for _, caps := range []string{a, b} {
			if err := ValidateCaps("osd", caps); err != nil {
				t.Errorf("%s: %v", caps, err)
			}
		}
		if same := poolA == poolB && namespaceA == namespaceB; EqualCaps(a, b) != same || IncludesCaps(a, b) != same {
			t.Errorf("%s and %s: the same is %v; %q, %q", a, b, same, grants(a), grants(b))
		}
	})
}

func FuzzJoinMonHost(f *testing.F) {
	f.Add("mon2", "mon1")
	f.Add("192.0.2.1:3300", "v1:192.0.2.2:6789")
	f.Add("[v2:192.0.2.1:3300,v1:192.0.2.1:6789]", "2001:db8::1")
	f.Add("[v2:[2001:db8::1]:3300,v1:[2001:db8::1]:6789]", "[2001:db8::2]")
	f.Add("[v1:b],[v1:a]", "[v1:a]")
	f.Add("[a", "b]")
	f.Fuzz(func(t *testing.T, a, b string) {
		joined, err := JoinMonHost([]string{a, b})
		reversed, again := JoinMonHost([]string{b, a})
		if joined != reversed || (err == nil) != (again == nil) {
			t.Errorf("%q and %q give %s, %v in one order and %s, %v in the other", a, b, joined, err, reversed, again)
		}
		if err != nil {
			return
		}
		list := splitMonHost(joined)
		if same := map[bool]int{true: 1, false: 2}[a == b]; len(list) > same {
			t.Errorf("%q and %q became %d monitors: %s", a, b, len(list), joined)
		}
		if text, err := JoinMonHost(list); err != nil || text != joined {
			t.Errorf("%s is joined again as %s, %v", joined, text, err)
		}
	})
}

// splitMonHost cuts a list of monitors at the commas outside of brackets, as Ceph does.
func splitMonHost(text string) (list []string) {
	depth, start := 0, 0
	for i, r := range text {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == ',' && depth == 0:
			list = append(list, text[start:i])
			start = i + 1
		}
	}
	return append(list, text[start:])
}
