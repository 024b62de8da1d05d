package provider_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	frameworkprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

const (
	// ownTime is the time limit of what ends by itself, and stopAfter when Terraform is told to stop.
	ownTime, stopAfter = 20 * time.Second, 5 * time.Second
	// noLimit is that of what has to end by another one.
	noLimit = 10 * time.Minute
	// afterwards is how much longer it may take.
	afterwards = 2 * time.Second

	otherKey = "AQDevdtNgxPZIxAA8UszCfeajOVhY2kiBm53kg=="
)

// afterHang is what follows on the first call that is not answered.
type afterHang int

const (
	answersAgain afterHang = iota
	silent                 // the cluster, or the host, whose call it was
	bothSilent
)

// world is a cluster and a host that may stop to answer.
type world struct {
	t       *testing.T
	cluster *silentCluster
	host    *fakeHypervisor
	uri     string        // of the host
	limit   time.Duration // connect_timeout and operation_timeout
	known   *server       // has the schemas, which take longer than an operation

	counts   atomic.Bool
	calls    atomic.Int32
	answered int32 // calls that are answered before one is not
	then     afterHang
	passing  int // looks at the watchers of image "passed" that see a second client, once it is attached

	clusterIsSilent, hostIsSilent, bothAreSilent atomic.Bool
}

func newWorld(t *testing.T, known *server, fsid string, limit time.Duration) *world {
	w := &world{t: t, known: known, limit: limit, uri: "qemu:///system"}
	w.cluster = &silentCluster{newFakeCluster(fsid), func() bool { return w.answers(&w.clusterIsSilent) }, w.clientsOf}
	w.cluster.pools["data"] = 1
	w.cluster.users["client.u"] = "profile rbd"
	for id, name := range []string{"base", "contested", "kept", "passed"} {
		w.cluster.images[ceph.ImageRef{Pool: "data", Name: name}] = ceph.Image{
			ID: string(rune('1' + id)), SizeBytes: 1 << 20, ObjectSize: 4 << 20,
		}
	}
	w.cluster.snapshots[ceph.ImageRef{Pool: "data", Name: "kept"}] = []ceph.ImageSnapshot{{ID: 1, Name: "template", SizeBytes: 1 << 20}}
	key, err := base64.StdEncoding.DecodeString(goodKey) // as libvirt holds it
	if err != nil {
		t.Fatal(err)
	}
	const secret = "99999999-2222-4333-8444-666666666666"
	w.host = &fakeHypervisor{
		uuid: "11111111-2222-4333-8444-555555555555", domain: "d", domainUUID: "99999999-2222-4333-8444-555555555555",
		answers: func() bool { return w.answers(&w.hostIsSilent) }, keeps: "kept",
		secrets: map[string]fakeSecret{secret: {secret, "u", "<secret ephemeral='no' private='no'><uuid>" + secret +
			"</uuid><usage type='ceph'><name>u</name></usage></secret>", string(key)}},
	}
	return w
}

// answers tells of each call of the cluster, or of the host, whether it is answered.
func (w *world) answers(isSilent *atomic.Bool) bool {
	if !w.counts.Load() {
		return true
	}
	n := w.calls.Add(1)
	if n == w.answered+1 {
		isSilent.Store(w.then != answersAgain)
		w.bothAreSilent.Store(w.then == bothSilent)
		return false
	}
	return !isSilent.Load() && !w.bothAreSilent.Load()
}

// clientsOf are the clients that have an image open: another one comes when it is attached, if it is contested.
func (w *world) clientsOf(image string) int {
	w.host.mu.Lock()
	defer w.host.mu.Unlock()
	if image == "contested" && len(w.host.live) > 0 {
		return 2
	}
	if image == "passed" && len(w.host.live) > 0 {
		if w.passing--; w.passing >= 0 {
			return 2
		}
		return 1
	}
	return 0
}

// connected is a provider whose connections lead to a world.
type connected struct {
	frameworkprovider.ProviderWithListResources

	connections *tfkit.Connections
}

func (c connected) Configure(_ context.Context, _ frameworkprovider.ConfigureRequest, resp *frameworkprovider.ConfigureResponse) {
	resp.ResourceData, resp.ListResourceData = c.connections, c.connections
}

// stoppable is a test whose context ends when Terraform is told to stop.
type stoppable struct {
	testing.TB

	ctx context.Context
}

func (s stoppable) Context() context.Context { return s.ctx }

// server starts a provider, as Terraform does for each plan and each apply. The connections end with end.
func (w *world) server(ctx context.Context) (s *server, end func()) {
	w.t.Helper()
	cluster := ceph.NewCluster(ceph.Config{
		Label: "east", MonHost: "192.0.2.1", ConnectTimeout: w.limit, OperationTimeout: w.limit, Origin: "here",
	}, w.cluster.dial)
	host, err := libvirt.NewHost(libvirt.Config{
		Label: "kvm1", URI: w.uri, ConnectTimeout: w.limit, OperationTimeout: w.limit, Dialer: w.host,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	connections := tfkit.NewConnections()
	connections.Clusters.Add("east", cluster)
	connections.Hypervisors.Add("kvm1", host)
	return w.serve(ctx, connections), func() {
		cluster.Close()
		host.Close()
	}
}

// serve starts a provider with these connections.
func (w *world) serve(ctx context.Context, connections *tfkit.Connections) *server {
	w.t.Helper()
	served, ok := provider.New("test", nil)().(frameworkprovider.ProviderWithListResources)
	if !ok {
		w.t.Fatal("the provider lists nothing")
	}
	protocol, err := providerserver.NewProtocol6WithError(connected{served, connections})()
	if err != nil {
		w.t.Fatal(err)
	}
	s := &server{protocol, stoppable{w.t, ctx}, w.known.schema, w.known.identities}
	s.configure(block{})
	return s
}

// operations of a resource: what is there before, and what is asked for.
var operations = map[string]struct{ exists, changes, removes, plans bool }{
	"create":           {},
	"read":             {exists: true, plans: true},
	"update":           {exists: true, changes: true},
	"delete":           {exists: true, removes: true},
	"plan of a create": {plans: true},
	"plan of a change": {exists: true, changes: true, plans: true},
}

// prepared is what there is before an operation: the object in Terraform's state, the plan, and what the cluster and the host have.
type prepared struct {
	operation   string
	object      object
	config      block
	plan        *tfprotov6.PlanResourceChangeResponse
	pools       map[string]int64
	few         map[string]bool
	images      map[ceph.ImageRef]ceph.Image
	users       map[string]string
	namespaces  map[int64][]string
	snapshots   map[ceph.ImageRef][]ceph.ImageSnapshot
	profiles    map[string][]string
	rules       map[string]int64
	live, saved []string
	secrets     map[string]fakeSecret
}

// prepare makes what there is before an operation.
func (w *world) prepare(typeName, operation string, config, changed block) prepared {
	w.t.Helper()
	op := operations[operation]
	p := prepared{operation: operation, config: config}
	before, end := w.server(w.t.Context())
	defer end()
	o := before.newObject(typeName)
	if op.exists {
		before.apply(o, config)
	}
	if op.changes {
		p.config = changed
	}
	if !op.plans && !op.removes {
		planning, end := w.server(w.t.Context())
		defer end()
		p.plan = planning.plan(o, p.config)
		planning.must("plan", p.plan.Diagnostics)
	}
	p.object = *o
	p.pools, p.few, p.images, p.users = w.cluster.pools, w.cluster.few, w.cluster.images, w.cluster.users
	p.namespaces, p.snapshots, p.profiles, p.rules = w.cluster.namespaces, w.cluster.snapshots, w.cluster.profiles, w.cluster.rules
	p.live, p.saved, p.secrets = w.host.live, w.host.saved, w.host.secrets
	return p
}

// try does an operation with a provider of its own, of which the calls are counted, and returns how long it took. It is stopped after a
// while where stop is not 0.
func (w *world) try(p prepared, stop time.Duration) (took time.Duration, failures string) {
	w.t.Helper()
	w.cluster.pools, w.cluster.few = maps.Clone(p.pools), maps.Clone(p.few)
	w.cluster.images, w.cluster.users = maps.Clone(p.images), maps.Clone(p.users)
	w.cluster.namespaces, w.cluster.snapshots = maps.Clone(p.namespaces), map[ceph.ImageRef][]ceph.ImageSnapshot{}
	w.cluster.profiles = maps.Clone(p.profiles)
	w.cluster.rules = maps.Clone(p.rules)
	for image, snapshots := range p.snapshots {
		w.cluster.snapshots[image] = slices.Clone(snapshots)
	}
	w.host.live, w.host.saved, w.host.secrets = slices.Clone(p.live), slices.Clone(p.saved), maps.Clone(p.secrets)
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	s, end := w.server(ctx)
	defer end()
	op, o := operations[p.operation], &p.object
	w.counts.Store(true)
	begun := time.Now()
	if stop > 0 {
		time.AfterFunc(stop, cancel)
	}
	var diagnostics []*tfprotov6.Diagnostic
	switch {
	case p.operation == "read":
		diagnostics = s.read(o)
	case op.plans:
		diagnostics = s.plan(o, p.config).Diagnostics
	case op.removes:
		diagnostics = s.remove(o)
	default:
		diagnostics = s.applyPlan(o, p.config, p.plan)
	}
	took = time.Since(begun)
	w.counts.Store(false)
	return took, errorsIn(diagnostics)
}

// remove deletes the object.
func (s *server) remove(o *object) []*tfprotov6.Diagnostic {
	s.t.Helper()
	typ := s.schema.ResourceSchemas[o.typeName].ValueType()
	none := s.encode(typ, tftypes.NewValue(typ, nil))
	resp, err := s.ApplyResourceChange(s.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: o.typeName, PriorState: s.encode(typ, o.state), PlannedState: none, Config: none, PlannedPrivate: o.private,
		PlannedIdentity: o.identity,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.Diagnostics
}

// deadlineCases are a configuration of each type, and what changes in it.
var deadlineCases = []struct {
	about, typeName string
	config, change  block
	// only is the one operation that is tried, where it is not all of them.
	only string
	// refused is what is said of the one operation also where everything answers.
	refused string
}{
	{about: "pool", typeName: "ceph_pool", config: block{"cluster": "east", "name": "p"}, change: block{"quota_max_objects": 1000}},
	{
		about: "pool with settings", typeName: "ceph_pool",
		config: block{"cluster": "east", "name": "p", "applications": []any{"rbd"}, "config": block{"rbd_cache": "false", "rbd_op_threads": "2"}},
		change: block{"config": block{"rbd_cache": "true"}},
	},
	{
		about: "pool on a rule with few OSDs", typeName: "ceph_pool",
		config: block{"cluster": "east", "name": "p", "crush_rule": "replicated_rule"}, change: block{"crush_rule": "few"},
		only: "update", refused: "guests' writes would stand still",
	},
	{
		about: "user", typeName: "ceph_user",
		config: block{"cluster": "east", "name": "v", "caps": block{"mon": "allow r"}},
		change: block{"caps": block{"mon": "profile rbd"}},
	},
	{about: "image", typeName: "ceph_rbd_image", config: imageNamed("i"), change: block{"size": "2MiB"}},
	{
		about: "encrypted image", typeName: "ceph_rbd_image", config: encryptedImageNamed("e"),
		change: block{"size": "32MiB"},
	},
	{
		about: "clone", typeName: "ceph_rbd_image", config: with(imageNamed("c"), block{"size": "2MiB", "parent": templateOf(false)}),
		change: block{"parent": templateOf(true)},
	},
	{
		about: "clone with the data", typeName: "ceph_rbd_image", config: with(imageNamed("c"), block{"parent": templateOf(true)}),
		only: "create",
	},
	{about: "image to the trash", typeName: "ceph_rbd_image", config: with(imageNamed(snapped), block{"trash": block{}}), only: "delete"},
	{about: "image with snapshots", typeName: "ceph_rbd_image", config: imageNamed(snapped), only: "delete"},
	{
		about: "image that gets a clone", typeName: "ceph_rbd_image", config: imageNamed(clonedMeanwhile),
		only: "delete", refused: "Unable to remove the snapshots",
	},
	{
		about: "snapshot", typeName: "ceph_rbd_snapshot",
		config: block{"cluster": "east", "pool": "data", "image": "base", "name": "s"},
		change: block{"name": "t", "protected": true},
	},
	{
		about: "profile", typeName: "ceph_erasure_code_profile", config: with(profileOfTwo, block{"parameters": block{"w": "8"}}),
		change: block{"k": 4},
	},
	{about: "namespace to create", typeName: "ceph_rbd_namespace", config: namespaceInData, only: "create"},
	{about: "namespace to read", typeName: "ceph_rbd_namespace", config: namespaceInData, only: "read"},
	{about: "namespace to remove", typeName: "ceph_rbd_namespace", config: namespaceInData, only: "delete"},
	{
		about: "CRUSH rule", typeName: "ceph_crush_rule", config: block{"cluster": "east", "name": "r"}, change: block{"name": "s"},
	},
	{
		about: "secret", typeName: "libvirt_ceph_secret",
		config: block{"hypervisor": "kvm1", "usage_name": "s", "key": goodKey}, change: block{"key": otherKey},
	},
	{
		about: "volume secret", typeName: "libvirt_volume_secret", config: volumeSecretNamed("v"),
		change: block{"passphrase_wo_version": "2", "description": "changed"},
	},
	{about: "disk", typeName: "libvirt_rbd_disk", config: diskOf("base"), change: block{"cache": "none"}},
	{
		about: "contested disk", typeName: "libvirt_rbd_disk", config: diskOf("contested"),
		only: "create", refused: "Two guests that write one image destroy its content",
	},
	{
		about: "disk that the guest keeps", typeName: "libvirt_rbd_disk", config: diskOf("kept"),
		only: "delete", refused: "The guest did not let go of the disk in time",
	},
}

var namespaceInData = block{"cluster": "east", "pool": "data", "name": "n"}

func encryptedImageNamed(name string) block {
	return with(imageNamed(name), block{
		"size": "24MiB", "encryption": block{"format": "luks2", "passphrase_wo": "open sesame", "passphrase_wo_version": "1"},
	})
}

func volumeSecretNamed(volume string) block {
	return block{"hypervisor": "kvm1", "volume": volume, "passphrase_wo": "open sesame", "passphrase_wo_version": "1"}
}

func imageNamed(name string) block {
	return block{"cluster": "east", "pool": "data", "name": name, "size": "1MiB", "force_destroy": true}
}

// with is the configuration with other arguments.
func with(config, others block) block {
	changed := maps.Clone(config)
	maps.Copy(changed, others)
	return changed
}

var profileOfTwo = block{"cluster": "east", "name": "two", "k": 2, "m": 1}

// templateOf is the parent data/kept@template.
func templateOf(flatten bool) block {
	return block{"pool": "data", "image": "kept", "snapshot": "template", "flatten": flatten}
}

func diskOf(image string) block {
	return block{
		"hypervisor": "kvm1", "cluster": "east", "domain": "d", "target_dev": "vdb", "pool": "data", "image": image, "user": "u",
		"secret_uuid": "99999999-2222-4333-8444-666666666666", "monitors": []any{block{"host": "192.0.2.1"}},
	}
}

// deadline is what ends an operation, and when.
type deadline struct {
	own, entry, stop time.Duration // the limits of the resource and of the provider block, and when Terraform is told to stop
	want             time.Duration
	then             []afterHang
}

// deadlinesOf an operation. A plan has no limit of its own, and a change asks an entry several times.
func deadlinesOf(operation string) map[string]deadline {
	ends := map[string]deadline{"Ctrl-C": {noLimit, noLimit, stopAfter, stopAfter, []afterHang{bothSilent}}}
	op := operations[operation]
	if !op.plans || operation == "read" {
		ends["its own time"] = deadline{ownTime, noLimit, 0, ownTime, []afterHang{answersAgain, bothSilent}}
	}
	if op.plans {
		ends["the entry's time"] = deadline{noLimit, ownTime, 0, ownTime, []afterHang{silent}}
	}
	return ends
}

// Whatever is not answered any more, from whichever call on, the dial included, and also where the end of a connection hangs: each
// operation of each resource ends with its own time, or when Terraform is told to stop. The time is synctest's.
func TestDeadlines(t *testing.T) {
	known := newServer(t, nil)
	clusters := 0
	for _, test := range deadlineCases {
		for operation := range operations {
			if test.only != "" && operation != test.only {
				continue
			}
			// The process knows by the fsid what it makes.
			clusters++
			fsid := fmt.Sprintf("4f2c0b5e-0000-4000-8000-%012d", clusters)
			prepare := func(t *testing.T, own time.Duration) (p prepared) {
				timeouts := block{}
				for _, name := range []string{"create", "read", "update", "delete"} {
					timeouts[name] = own.String()
				}
				config := maps.Clone(test.config)
				config["timeouts"] = timeouts
				changed := maps.Clone(config)
				maps.Copy(changed, test.change)
				synctest.Test(t, func(t *testing.T) {
					p = newWorld(t, known, fsid, noLimit).prepare(test.typeName, operation, config, changed)
				})
				return p
			}
			try := func(t *testing.T, p prepared, end deadline, answered int32, then afterHang) (
				took time.Duration, failures string, calls int32,
			) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, known, fsid, end.entry)
					w.answered, w.then = answered, then
					if then != answersAgain {
						w.host.closes = make(chan struct{})
						defer close(w.host.closes)
					}
					took, failures = w.try(p, end.stop)
					calls = w.calls.Load()
					<-time.After(3 * noLimit) // what the operation has left behind ends by its own limits
				})
				return took, failures, calls
			}
			t.Run(test.about+"/"+operation, func(t *testing.T) {
				t.Parallel()
				// A guest is waited for until the end of the operation's own time.
				_, failures, calls := try(t, prepare(t, ownTime), deadline{entry: noLimit}, math.MaxInt32-1, answersAgain)
				if !strings.Contains(failures, test.refused) || (test.refused == "") != (failures == "") || calls < 2 {
					t.Fatalf("%d calls; %s", calls, failures)
				}
				for about, end := range deadlinesOf(operation) {
					p := prepare(t, end.own)
					for n := range calls {
						if test.refused != "" && operation == "create" && n < calls*2/3 {
							continue // as those of an image that nobody else opens
						}
						if testing.Short() && n%4 > 0 {
							continue // the race detector takes several times as long
						}
						for _, then := range end.then {
							if then == answersAgain && n%3 > 0 {
								continue // many, and most of them only wait
							}
							if took, failures, _ := try(t, p, end, n, then); took > end.want+afterwards {
								t.Errorf("%s, after %d of %d calls, then %d: it took %s; %s", about, n, calls, then, took, failures)
							}
						}
					}
				}
			})
		}
	}
}
