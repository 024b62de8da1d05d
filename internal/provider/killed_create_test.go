//go:build cgo

package provider_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"golang.org/x/sync/errgroup"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
)

// createToKill is what a process of its own is to create. After AfterCall lines of the log it kills itself; 0 means that it does not, and
// prints how many there were.
type createToKill struct {
	Provider, Config block
	Type             string
	AfterCall        int64
}

// killedCreateVariable makes TestKilledCreate of another process do its work.
const killedCreateVariable = "CEPH_TEST_KILLED_CREATE"

// TestKilledCreate is the process that TestAccKilledCreate kills: it is told by standard input what to create.
func TestKilledCreate(t *testing.T) {
	if os.Getenv(killedCreateVariable) == "" {
		t.Skip("run by TestAccKilledCreate")
	}
	var todo createToKill
	if err := json.NewDecoder(os.Stdin).Decode(&todo); err != nil {
		t.Fatal(err)
	}
	log := &killingLog{last: todo.AfterCall}
	s := newServer(loggedTB{t, tflogtest.RootLogger(t.Context(), log)}, rados.Dial)
	s.configure(todo.Provider)
	o := s.newObject(todo.Type)
	plan := s.plan(o, todo.Config)
	s.must("plan", plan.Diagnostics)
	log.counts.Store(true)
	s.must("apply", s.applyPlan(o, todo.Config, plan))
	fmt.Printf("calls=%d\n", log.calls.Load())
}

// loggedTB is a test whose context has Terraform's log.
type loggedTB struct {
	testing.TB

	ctx context.Context
}

func (l loggedTB) Context() context.Context { return l.ctx }

// killingLog is the log of a process that ends with its last line, as by kill -9.
type killingLog struct {
	last   int64
	counts atomic.Bool
	calls  atomic.Int64
}

func (l *killingLog) Write(line []byte) (int, error) {
	if l.counts.Load() && bytes.Contains(line, []byte(`"duration_ms"`)) && l.calls.Add(1) == l.last {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return len(line), nil
}

// inProcess lets a process of its own create, and returns how many calls that took; killed tells that it did not come to its end.
func (c createToKill) inProcess(t *testing.T, folder string) (calls int, killed bool) {
	t.Helper()
	input, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledCreate$", "-test.v")
	command.Dir, command.Stdin = folder, bytes.NewReader(input)
	command.Env = append(os.Environ(), killedCreateVariable+"=1", "TF_ACC=")
	out, err := command.CombinedOutput()
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 0, true
	}
	for line := range strings.Lines(string(out)) {
		if _, err := fmt.Sscanf(line, "calls=%d", &calls); err == nil {
			return calls, false
		}
	}
	t.Errorf("the create failed: %v\n%s", err, out)
	return 0, false
}

// keptConn is a connection that many providers use, one after the other.
type keptConn struct{ ceph.Conn }

func (keptConn) Close() {}

// killedCreates are the creates of a type: the configuration by a name and a number, and what a second view sees of the object, which is
// want with the state's key for KEY.
type killedCreates struct {
	about, typeName, want string
	config                func(name string, number int) block
	view                  func(o *object, name string, number int) string
}

// A create that is killed after any of its calls, or after the last one with its state lost, is completed by the next apply: the object is
// there once, as the configuration says, and after the next refresh no record is left.
func TestAccKilledCreate(t *testing.T) {
	l := newLeast(t)
	l.pool()
	acctest.RBD(t, "east", "create", "--size", "1M", "least/killed-base")
	next := newServer(t, func(context.Context, ceph.Config) (ceph.Conn, error) { return keptConn{l.admin}, nil })
	target := func(number int) string { return fmt.Sprintf("vd%c%c", 'a'+number/26, 'a'+number%26) }
	seenUser := func(_ *object, name string, _ int) string {
		var users []struct {
			Key  string
			Caps map[string]string
		}
		decodeView(t, acctest.Ceph(t, "east", "auth", "get", "client."+name, "--format", "json"), &users)
		return fmt.Sprint(users[0].Key, " ", users[0].Caps)
	}
	acctest.RBD(t, "east", "bench", "--io-type", "write", "--io-size", "4K", "--io-total", "4K", "least/killed-base")
	acctest.RBD(t, "east", "snap", "create", "--no-progress", "least/killed-base@base")
	acctest.RBD(t, "east", "snap", "protect", "least/killed-base@base")
	clone := func(flatten bool, more block) func(string, int) block {
		parent := block{"pool": "least", "image": "killed-base", "snapshot": "base", "flatten": flatten}
		return func(name string, _ int) block {
			return with(block{"cluster": "east", "pool": "least", "name": name, "parent": parent, "force_destroy": true}, more)
		}
	}
	seenClone := func(_ *object, name string, _ int) string {
		var info struct {
			Size   int
			Parent struct{ Image, Snapshot string }
		}
		decodeView(t, acctest.RBD(t, "east", "info", "--format", "json", "least/"+name), &info)
		if info.Parent.Image == "" {
			return fmt.Sprint(info.Size, " ")
		}
		return fmt.Sprint(info.Size, " ", info.Parent.Image, "@", info.Parent.Snapshot)
	}
	const userWanted = "KEY map[mon:profile rbd osd:profile rbd pool=least]"
	for _, test := range []killedCreates{
		{
			"pool", "ceph_pool", "1000 map[rbd:map[]]",
			func(name string, _ int) block {
				return with(poolConfig, block{"name": name, "pg_num": 1, "pg_autoscale_mode": "off", "quota_max_objects": 1000})
			},
			func(_ *object, name string, _ int) string {
				var pools []struct {
					Name         string         `json:"pool_name"`
					Quota        int            `json:"quota_max_objects"`
					Applications map[string]any `json:"application_metadata"`
				}
				decodeView(t, acctest.Ceph(t, "east", "osd", "pool", "ls", "detail", "--format", "json"), &pools)
				for _, pool := range pools {
					if pool.Name == name {
						return fmt.Sprint(pool.Quota, " ", pool.Applications)
					}
				}
				return ""
			},
		},
		{
			"user", "ceph_user", userWanted,
			func(name string, _ int) block { return with(userConfig, block{"name": name}) }, seenUser,
		},
		{
			"user-with-a-key", "ceph_user", userWanted,
			func(name string, _ int) block { return with(userConfig, block{"name": name, "key": someKey}) }, seenUser,
		},
		{
			"image", "ceph_rbd_image", "4194304 somebody",
			func(name string, _ int) block {
				return with(imageConfig, block{"name": name, "metadata": block{"owner": "somebody"}})
			},
			func(_ *object, name string, _ int) string {
				var info struct{ Size int }
				decodeView(t, acctest.RBD(t, "east", "info", "--format", "json", "least/"+name), &info)
				return fmt.Sprint(info.Size, " ", strings.TrimSpace(acctest.RBD(t, "east", "image-meta", "get", "least/"+name, "owner")))
			},
		},
		{
			"encrypted-image", "ceph_rbd_image", "8388608 somebody LUKS\xba\xbe\x00\x01",
			func(name string, _ int) block {
				return with(encryptedImageNamed(name), block{
					"pool": "least", "size": "8MiB", "metadata": block{"owner": "somebody"}, "force_destroy": false,
					"encryption": block{"format": "luks1", "passphrase_wo": "open sesame", "passphrase_wo_version": "1"},
				})
			},
			func(_ *object, name string, _ int) string {
				var info struct{ Size int }
				decodeView(t, acctest.RBD(t, "east", "info", "--format", "json", "least/"+name), &info)
				exported := filepath.Join(t.TempDir(), "image")
				acctest.RBD(t, "east", "export", "--no-progress", "least/"+name, exported)
				content, err := os.ReadFile(exported)
				if err != nil {
					t.Fatal(err)
				}
				owner := strings.TrimSpace(acctest.RBD(t, "east", "image-meta", "get", "least/"+name, "owner"))
				return fmt.Sprint(info.Size, " ", owner, " ", string(content[:8]))
			},
		},
		{
			"clone", "ceph_rbd_image", "2097152 killed-base@base", clone(false, block{"size": "2MiB"}), seenClone,
		},
		{
			"flattened-clone", "ceph_rbd_image", "1048576 ", clone(true, nil), seenClone,
		},
		{
			"snapshot", "ceph_rbd_snapshot", "true",
			func(name string, _ int) block {
				return block{"cluster": "east", "pool": "least", "image": "killed-base", "name": name, "protected": true}
			},
			func(_ *object, name string, _ int) (protected string) {
				var snapshots []struct{ Name, Protected string }
				decodeView(t, acctest.RBD(t, "east", "snap", "ls", "--format", "json", "least/killed-base"), &snapshots)
				for _, snapshot := range snapshots {
					if snapshot.Name == name {
						protected += snapshot.Protected
					}
				}
				return protected
			},
		},
		{
			"namespace", "ceph_rbd_namespace", "1",
			func(name string, _ int) block { return with(namespaceConfig, block{"name": name}) },
			func(_ *object, name string, _ int) string {
				var namespaces []struct{ Name string }
				decodeView(t, acctest.RBD(t, "east", "namespace", "ls", "--format", "json", "least"), &namespaces)
				found := 0
				for _, namespace := range namespaces {
					if namespace.Name == name {
						found++
					}
				}
				return strconv.Itoa(found)
			},
		},
		{
			"profile", "ceph_erasure_code_profile", "2+1",
			func(name string, _ int) block { return with(profileOfTwo, block{"name": name}) },
			func(_ *object, name string, _ int) string {
				var profile struct{ K, M string }
				decodeView(t, acctest.Ceph(t, "east", "osd", "erasure-code-profile", "get", name, "--format", "json"), &profile)
				return profile.K + "+" + profile.M
			},
		},
		{
			"crush-rule", "ceph_crush_rule", "1 rack",
			func(name string, _ int) block {
				return block{"cluster": "east", "name": name, "failure_domain": "rack"}
			},
			func(_ *object, name string, _ int) string {
				var rules []struct {
					Name  string `json:"rule_name"`
					Steps []struct{ Type string }
				}
				decodeView(t, acctest.Ceph(t, "east", "osd", "crush", "rule", "dump", "--format", "json"), &rules)
				found, domain := 0, ""
				for _, rule := range rules {
					if rule.Name == name {
						found++
						domain = rule.Steps[1].Type
					}
				}
				return fmt.Sprint(found, " ", domain)
			},
		},
		{
			"secret", "libvirt_ceph_secret", "KEY",
			func(name string, _ int) block { return block{"hypervisor": "kvm1", "usage_name": name, "key": someKey} },
			func(o *object, _ string, _ int) string {
				return strings.TrimSpace(acctest.Virsh(t, "kvm1", "secret-get-value", next.text(o, "uuid")))
			},
		},
		{
			// One that is private is told from somebody else's only until it is: a page says so.
			"volume-secret", "libvirt_volume_secret", base64.StdEncoding.EncodeToString([]byte("open sesame")),
			func(name string, _ int) block { return with(volumeSecretNamed(name), block{"private": false}) },
			func(o *object, _ string, _ int) string {
				return strings.TrimSpace(acctest.Virsh(t, "kvm1", "secret-get-value", next.text(o, "uuid")))
			},
		},
		{
			"disk", "libvirt_rbd_disk", "least/killed-base",
			func(_ string, number int) block {
				return with(l.diskConfig, block{"image": "killed-base", "target_dev": target(number), "shareable": true})
			},
			func(_ *object, _ string, number int) (sources string) {
				for line := range strings.Lines(acctest.Virsh(t, "kvm1", "domblklist", "least")) {
					if fields := strings.Fields(line); len(fields) == 2 && fields[0] == target(number) {
						sources += fields[1]
					}
				}
				return sources
			},
		},
	} {
		t.Run(test.about, func(t *testing.T) {
			l.t, l.provider.t, next.t = t, t, t
			test.run(t, l.adminBlock, next)
		})
	}
	// The configuration whose create it was takes it up afterwards all the same.
	const elsewhere = "killed-elsewhere"
	for typeName, test := range map[string]struct {
		config block
		id     string
		view   func() string
	}{
		"ceph_user": {
			with(userConfig, block{"name": elsewhere}), "east/" + elsewhere,
			func() string { return acctest.Ceph(t, "east", "auth", "get", "client."+elsewhere) },
		},
		"ceph_rbd_image": {
			with(imageConfig, block{"name": elsewhere}), "east/least/" + elsewhere,
			func() string { return acctest.RBD(t, "east", "info", "least/"+elsewhere) },
		},
		"ceph_rbd_namespace": {
			with(namespaceConfig, block{"name": elsewhere}), "east/least/" + elsewhere,
			func() string { return acctest.RBD(t, "east", "namespace", "ls", "least") },
		},
		"ceph_rbd_snapshot": {
			with(snapshotConfig, block{"image": "killed-base", "name": elsewhere}), "east/least/killed-base@" + elsewhere,
			func() string { return acctest.RBD(t, "east", "snap", "ls", "least/killed-base") },
		},
		"ceph_crush_rule": {
			block{"cluster": "east", "name": elsewhere},
			"east/" + elsewhere,
			func() string { return acctest.Ceph(t, "east", "osd", "crush", "rule", "dump", elsewhere) },
		},
		"ceph_erasure_code_profile": {
			with(profileOfTwo, block{"name": elsewhere}), "east/" + elsewhere,
			func() string { return acctest.Ceph(t, "east", "osd", "erasure-code-profile", "get", elsewhere) },
		},
	} {
		t.Run("another configuration's "+typeName, func(t *testing.T) {
			next.t = t
			create, folder := createToKill{Provider: l.adminBlock, Type: typeName, Config: test.config}, t.TempDir()
			create.inProcess(t, folder)
			before := test.view()
			next.configure(l.adminBlock)
			o := next.newObject(typeName)
			failure := errorsIn(next.applyPlan(o, test.config, next.plan(o, test.config)))
			for _, words := range []string{
				"exists already", "terraform import", "by another configuration", "ceph config-key rm " + ceph.IntentPrefix,
			} {
				if !strings.Contains(failure, words) {
					t.Errorf("%q is not in: %s", words, failure)
				}
			}
			create.inProcess(t, folder)
			if after := test.view(); after != before {
				t.Errorf("it was %s, and is %s now", before, after)
			}
			next.configure(l.adminBlock)
			next.destroy(t, next.importBy(typeName, test.id, nil)) // which removes the record
		})
	}
	// A create that is killed inside of librbd leaves a name without an image.
	for _, own := range []bool{true, false} {
		t.Run(fmt.Sprintf("an image without its header, own=%v", own), func(t *testing.T) {
			next.t = t
			name := fmt.Sprintf("killed-inside-%v", own)
			config := with(imageConfig, block{"name": name})
			if own {
				createToKill{Provider: l.adminBlock, Type: "ceph_rbd_image", Config: config}.inProcess(t, "")
			} else {
				acctest.RBD(t, "east", "create", "--size", "4M", "least/"+name)
			}
			former := idOfImage(t, name)
			if err := l.admin.RemoveObject(t.Context(), "least", "", "rbd_header."+former); err != nil {
				t.Fatal(err)
			}
			next.configure(l.adminBlock)
			o := next.newObject("ceph_rbd_image")
			failure := errorsIn(next.applyPlan(o, config, next.plan(o, config)))
			if !own {
				if !strings.Contains(failure, "exists already") || !strings.Contains(acctest.RBD(t, "east", "ls", "least"), name) {
					t.Errorf("somebody else's remains were taken over: %s", failure)
				}
				acctest.RBD(t, "east", "rm", "--no-progress", "least/"+name)
				return
			}
			if failure != "" || idOfImage(t, name) == former {
				t.Fatalf("it was not created anew: %s", failure)
			}
			next.configure(l.adminBlock) // the next run
			next.must("read", next.read(o))
			next.destroy(t, o)
		})
	}
	if left := acctest.Ceph(t, "east", "config-key", "dump", ceph.IntentPrefix); strings.Contains(left, "killed-") {
		t.Errorf("records are left: %s", left)
	}
}

func idOfImage(t *testing.T, name string) string {
	t.Helper()
	var info struct{ ID string }
	decodeView(t, acctest.RBD(t, "east", "info", "--format", "json", "least/"+name), &info)
	return info.ID
}

func decodeView(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// run kills a create after each of its calls, each under a name of its own, and applies it again.
func (k killedCreates) run(t *testing.T, provider block, next *server) {
	name := func(number int) string { return fmt.Sprintf("killed-%s-%d", k.about, number) }
	// What has come to its end, but to no state, is number 0.
	calls, _ := createToKill{Provider: provider, Type: k.typeName, Config: k.config(name(0), 0)}.inProcess(t, "")
	if calls < 1 {
		t.Fatalf("the create took %d calls", calls)
	}
	t.Logf("the create takes %d calls", calls)
	objects, configs := make([]*object, calls+1), make([]block, calls+1)
	for number := range objects {
		objects[number], configs[number] = next.newObject(k.typeName), k.config(name(number), number)
	}
	each := func(do func(number int)) {
		var group errgroup.Group
		group.SetLimit(6)
		for number := range objects {
			group.Go(func() error {
				do(number)
				return nil
			})
		}
		_ = group.Wait()
	}
	each(func(number int) {
		if number == 0 {
			return
		}
		made, killed := createToKill{Provider: provider, Type: k.typeName, Config: configs[number], AfterCall: int64(number)}.inProcess(t, "")
		if !killed && made >= number { // where it was slower or quicker, another create takes a few calls more or less
			t.Errorf("it was not killed after call %d, and made %d", number, made)
		}
	})
	next.configure(provider)
	each(func(number int) {
		plan := next.plan(objects[number], configs[number])
		failures := plan.Diagnostics
		if errorsIn(failures) == "" {
			failures = next.applyPlan(objects[number], configs[number], plan)
		}
		unexpected := errorsIn(failures)
		if k.typeName != "libvirt_rbd_disk" { // which says so where it is taken over
			unexpected += warningsIn(failures)
		}
		if unexpected != "" {
			t.Errorf("after call %d of %d: %s", number, calls, unexpected)
		}
	})
	next.configure(provider) // the next run
	each(func(number int) {
		o := objects[number]
		if o.state.IsNull() {
			return
		}
		if failures := errorsIn(next.read(o)); failures != "" {
			t.Errorf("after call %d of %d: %s", number, calls, failures)
			return
		}
		want := k.want
		if strings.Contains(want, "KEY") {
			want = strings.ReplaceAll(want, "KEY", next.text(o, "key"))
		}
		if got := k.view(o, name(number), number); got != want {
			t.Errorf("after call %d of %d there is %q, want %q", number, calls, got, want)
		}
		next.destroy(t, o)
	})
}

func (s *server) destroy(t *testing.T, o *object) {
	t.Helper()
	typ := s.schema.ResourceSchemas[o.typeName].ValueType()
	none := s.encode(typ, s.value(typ, nil))
	resp, err := s.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: o.typeName, PriorState: s.encode(typ, o.state), PlannedState: none, Config: none, PlannedPrivate: o.private,
		PlannedIdentity: o.identity,
	})
	if err != nil {
		t.Error(err)
	} else if failures := errorsIn(resp.Diagnostics); failures != "" {
		t.Error(failures)
	}
}
