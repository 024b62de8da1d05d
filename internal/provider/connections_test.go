package provider_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// recordDial connects all entries to one cluster and records the settings of each connection.
func recordDial(cluster *fakeCluster, dialled *[]ceph.Config) ceph.Dial {
	return func(_ context.Context, cfg ceph.Config) (ceph.Conn, error) {
		*dialled = append(*dialled, cfg)
		return cluster, nil
	}
}

// planPool plans a pool, with or without a label, and returns the errors and the planned label.
func planPool(t *testing.T, s *server, label any) (errors, planned string) {
	t.Helper()
	o := s.newObject("ceph_pool")
	resp := s.plan(o, block{"cluster": label, "name": "vms"})
	if errors := errorsIn(resp.Diagnostics); errors != "" {
		return errors, ""
	}
	value := s.members(s.decode(s.schema.ResourceSchemas[o.typeName].ValueType(), resp.PlannedState))["cluster"]
	if !value.IsKnown() {
		return "", "unknown"
	}
	if err := value.As(&planned); err != nil {
		t.Fatal(err)
	}
	return "", planned
}

func TestEnvironmentGivesOneCluster(t *testing.T) {
	t.Setenv("CEPH_CONF", "/srv/west.conf")
	t.Setenv("CEPH_KEYRING", "/srv/west.keyring")
	t.Setenv("LIBVIRT_DEFAULT_URI", "")
	for name, tc := range map[string]struct {
		config  block
		planned string // label
		says    string // error
		file    string // of the cluster that was connected to
	}{
		"no clusters":         {block{}, "ceph", "", "/srv/west.conf"},
		"clusters":            {block{"clusters": block{"east": block{"mon_host": "192.0.2.1", "key": goodKey}}}, "east", "", ""},
		"clusters, but empty": {block{"clusters": block{}}, "", "No cluster is configured.", ""},
		"clusters unknown":    {block{"clusters": unknown}, "unknown", "", ""},
		"hypervisors unknown": {block{"hypervisors": unknown}, "unknown", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var dialled []ceph.Config
			s := newServer(t, recordDial(newFakeCluster(eastFSID), &dialled))
			s.configure(tc.config)
			errors, planned := planPool(t, s, nil)
			if planned != tc.planned || tc.says == "" && errors != "" || !strings.Contains(errors, tc.says) {
				t.Fatalf("label %q, errors %s", planned, errors)
			}
			if len(dialled) == 0 {
				if tc.planned != "unknown" && tc.says == "" {
					t.Error("nothing was asked")
				}
				return
			}
			keyring := ""
			if tc.file != "" {
				keyring = "/srv/west.keyring"
			}
			if dialled[0].ConfigFile != tc.file || dialled[0].KeyringFile != keyring {
				t.Errorf("dialled with config file %q and keyring %q", dialled[0].ConfigFile, dialled[0].KeyringFile)
			}
		})
	}
}

// Where the block sets no time limits, the documented defaults apply.
func TestTimeouts(t *testing.T) {
	for name, tc := range map[string]struct {
		limits             block
		connect, operation time.Duration
	}{
		"neither": {block{}, 30 * time.Second, 5 * time.Minute},
		"one":     {block{"operation_timeout": "1h"}, 30 * time.Second, time.Hour},
		"both":    {block{"connect_timeout": "2s", "operation_timeout": "3s"}, 2 * time.Second, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var dialled []ceph.Config
			s := newServer(t, recordDial(newFakeCluster(eastFSID), &dialled))
			entry := block{"mon_host": "192.0.2.1", "key": goodKey}
			maps.Copy(entry, tc.limits)
			s.configure(block{"clusters": block{"east": entry}})
			planPool(t, s, nil)
			if len(dialled) == 0 || dialled[0].ConnectTimeout != tc.connect || dialled[0].OperationTimeout != tc.operation {
				t.Errorf("%+v", dialled)
			}
		})
	}
}

func TestNothingIsGuessed(t *testing.T) {
	t.Setenv("CEPH_CONF", "")
	t.Setenv("LIBVIRT_DEFAULT_URI", "")
	s := newServer(t, noDial)
	s.configure(block{})
	if errors, _ := planPool(t, s, nil); !strings.Contains(errors, "No cluster is configured.") ||
		!strings.Contains(errors, `Add the argument clusters`) {
		t.Errorf("pool: %s", errors)
	}
	secret := s.newObject("libvirt_ceph_secret")
	errors := errorsIn(s.plan(secret, block{"usage_name": "x", "key": goodKey}).Diagnostics)
	if !strings.Contains(errors, "No hypervisor is configured.") || !strings.Contains(errors, "Add the argument hypervisors") {
		t.Errorf("secret: %s", errors)
	}
}

func TestEnvironmentGivesOneHypervisor(t *testing.T) {
	t.Setenv("CEPH_CONF", "")
	socket := "qemu+unix:///session?socket=" + t.TempDir() + "/nobody-listens"
	t.Setenv("LIBVIRT_DEFAULT_URI", socket)
	for name, tc := range map[string]struct {
		config block
		says   string
	}{
		// The error shows that it was asked: nothing listens there.
		"no hypervisors": {block{}, `hypervisor "libvirt" (` + socket + `)`},
		"hypervisors": {
			block{"hypervisors": block{"kvm1": block{"uri": "qemu+unix:///session?socket=/nowhere"}}}, `hypervisor "kvm1"`,
		},
		"hypervisors, but empty": {block{"hypervisors": block{}}, "No hypervisor is configured."},
		"clusters unknown":       {block{"clusters": unknown}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, noDial)
			s.configure(tc.config)
			o := s.newObject("libvirt_ceph_secret")
			if errors := errorsIn(s.plan(o, block{"usage_name": "x", "key": goodKey}).Diagnostics); !strings.Contains(errors, tc.says) ||
				tc.says == "" && errors != "" {
				t.Errorf("no %q in %s", tc.says, errors)
			}
		})
	}
}

// A URI in the environment may be there for other tools: it is an error only for a resource that needs a hypervisor.
func TestEnvironmentURIThatCannotWork(t *testing.T) {
	t.Setenv("LIBVIRT_DEFAULT_URI", "xen:///system")
	s := newServer(t, dialTo(map[string]*fakeCluster{"192.0.2.1": newFakeCluster(eastFSID)}))
	diagnostics := s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1"}}})
	if warnings := warningsIn(diagnostics); !strings.Contains(warnings, "LIBVIRT_DEFAULT_URI") ||
		!strings.Contains(warnings, "only the QEMU driver") {
		t.Errorf("the warning does not tell: %s", warnings)
	}
	if errors, _ := planPool(t, s, nil); errors != "" {
		t.Errorf("a pool needs no hypervisor: %s", errors)
	}
	o := s.newObject("libvirt_ceph_secret")
	if errors := errorsIn(s.plan(o, block{"usage_name": "x", "key": goodKey}).Diagnostics); !strings.Contains(errors,
		"No hypervisor is configured.") {
		t.Errorf("a secret needs one: %s", errors)
	}
}

func TestLabelOfAResource(t *testing.T) {
	cluster := newFakeCluster(eastFSID)
	entry := block{"mon_host": "192.0.2.1"}
	for name, tc := range map[string]struct {
		clusters      block
		label         any
		planned, says string
	}{
		"the only one":              {block{"east": entry}, nil, "east", ""},
		"one of several":            {block{"east": entry, "west": entry}, "west", "west", ""},
		"several and none is named": {block{"east": entry, "west": entry}, nil, "", `the provider block has several: "east", "west"`},
		"unknown label": {
			block{"east": entry, "west": entry},
			"north", "",
			`The provider block has no cluster "north". It has "east", "west".`,
		},
		"named, but not yet known":    {block{"east": entry}, unknown, "unknown", ""},
		"only one, still unknown":     {block{"east": block{"mon_host": unknown}}, nil, "east", ""},
		"one known and one not":       {block{"east": entry, "west": block{"mon_host": unknown}}, nil, "", `"east", "west"`},
		"named one is still unknown":  {block{"east": entry, "west": block{"mon_host": unknown}}, "west", "west", ""},
		"unknown label, one unknown ": {block{"east": entry, "west": unknown}, "north", "", `It has "east", "west".`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, dialTo(map[string]*fakeCluster{"192.0.2.1": cluster}))
			s.configure(block{"clusters": tc.clusters})
			errors, planned := planPool(t, s, tc.label)
			if planned != tc.planned || !strings.Contains(errors, tc.says) || tc.says == "" && errors != "" {
				t.Errorf("planned %q, errors %s", planned, errors)
			}
		})
	}
}

// While the settings of a cluster are unknown, its resources keep their state, with a warning, and no other cluster is asked.
func TestUnknownSettingsKeepTheState(t *testing.T) {
	cluster := newFakeCluster(eastFSID)
	known := dialTo(map[string]*fakeCluster{"192.0.2.1": cluster})
	s := newServer(t, known)
	s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1"}}})
	o := s.newObject("ceph_pool")
	s.apply(o, block{"cluster": "east", "name": "vms"})

	for name, clusters := range map[string]any{
		"key":       block{"east": block{"mon_host": "192.0.2.1", "key": unknown}},
		"option":    block{"east": block{"mon_host": "192.0.2.1", "options": block{"ms_mode": unknown}}},
		"entry":     block{"east": unknown},
		"all":       unknown,
		"new label": block{"orient": unknown},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, noDial)
			s.configure(block{"clusters": clusters})
			before := o.state
			diagnostics := s.read(o)
			s.must("read", diagnostics)
			if !o.state.Equal(before) || !strings.Contains(warningsIn(diagnostics), "State kept without refresh") {
				t.Errorf("state %s, warnings %s", o.state, warningsIn(diagnostics))
			}
			s.must("plan", s.plan(o, block{"cluster": "east", "name": "vms"}).Diagnostics)
		})
	}
}

// An import has no state to keep: without a look at the object nothing is imported.
func TestUnknownSettingsRefuseImports(t *testing.T) {
	s := newServer(t, noDial)
	s.configure(block{"clusters": block{"east": unknown}, "hypervisors": block{"kvm1": block{"uri": unknown}}})
	ids := map[string]string{
		"ceph_pool": "east/vms", "ceph_user": "east/libvirt", "ceph_rbd_image": "east/vms/data", "ceph_rbd_namespace": "east/vms/tenant",
		"ceph_rbd_snapshot": "east/vms/data@before", "ceph_crush_rule": "east/fast", "ceph_erasure_code_profile": "east/wide",
		"libvirt_ceph_secret": "kvm1/" + eastFSID, "libvirt_volume_secret": "kvm1/" + eastFSID, "libvirt_rbd_disk": "kvm1/guest/vdb",
	}
	for typeName := range s.schema.ResourceSchemas {
		t.Run(typeName, func(t *testing.T) {
			o := s.newObject(typeName)
			s.importState(o, ids[typeName], nil)
			if got := errorsIn(s.read(o)); !strings.Contains(got, "known only after apply") {
				t.Errorf("it was imported: %s", got)
			}
		})
	}
}

// While the provider block is unknown, each data source says why it can't be read, and connects to nothing.
func TestUnknownSettingsOfDataSources(t *testing.T) {
	s := newServer(t, noDial)
	s.configure(block{"clusters": unknown, "hypervisors": unknown})
	for name, schema := range s.schema.DataSourceSchemas {
		config := block{}
		for _, attribute := range schema.Block.Attributes {
			if attribute.Required {
				config[attribute.Name] = "x"
			}
		}
		resp, err := s.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: s.dynamic(schema, config)})
		if err != nil {
			t.Fatal(err)
		}
		if got := errorsIn(resp.Diagnostics); !strings.Contains(got, "known only after apply") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// The spelling of a pin does not matter. Where the cluster is another one, the error names both fsids.
func TestPinnedFSID(t *testing.T) {
	cluster := newFakeCluster(eastFSID)
	dial := dialTo(map[string]*fakeCluster{"192.0.2.1": cluster})
	s := newServer(t, dial)
	s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1", "fsid": strings.ToUpper(eastFSID)}}})
	if errors, _ := planPool(t, s, nil); errors != "" {
		t.Errorf("the right cluster: %s", errors)
	}
	const other = "6a085c23-2177-242d-7661-c785df7f6230"
	s = newServer(t, dial)
	s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1", "fsid": other}}})
	if errors, _ := planPool(t, s, nil); !strings.Contains(errors, other) || !strings.Contains(errors, eastFSID) ||
		!strings.Contains(errors, `"east"`) {
		t.Errorf("another cluster: %s", errors)
	}
}
