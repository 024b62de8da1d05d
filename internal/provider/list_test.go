package provider_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/zclconf/go-cty/cty"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// query is a list block: what it selects, and Terraform's own arguments of it.
type query struct {
	filter block
	whole  bool // include_resource
	limit  int64
}

// lists is the part of the plugin protocol that lists.
func (s *server) lists() tfprotov6.ListResourceServer {
	return s.ProviderServer.(tfprotov6.ListResourceServer) //nolint:forcetypeassert // the provider has list resources
}

// stream asks for a list, and calls see with each result as it comes.
func (s *server) stream(typeName string, q query, see func(tfprotov6.ListResourceResult)) {
	s.t.Helper()
	config := s.dynamic(s.schema.ListResourceSchemas[typeName], q.filter)
	asked := &tfprotov6.ValidateListResourceConfigRequest{TypeName: typeName, Config: config}
	valid, err := s.lists().ValidateListResourceConfig(s.t.Context(), asked)
	if err != nil {
		s.t.Fatal(err)
	}
	s.must("validate", valid.Diagnostics)
	results, err := s.lists().ListResource(s.t.Context(), &tfprotov6.ListResourceRequest{
		TypeName: typeName, Config: config, IncludeResource: q.whole, Limit: q.limit,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for result := range results.Results {
		see(result)
	}
}

// listed is what a query has found.
type listed struct {
	results []tfprotov6.ListResourceResult
	errors  string
}

func (s *server) list(typeName string, q query) listed {
	s.t.Helper()
	var found listed
	s.stream(typeName, q, func(result tfprotov6.ListResourceResult) {
		found.errors += errorsIn(result.Diagnostics)
		if result.Identity != nil && result.Identity.IdentityData != nil {
			found.results = append(found.results, result)
		}
	})
	return found
}

// listExamples runs the queries of the examples, each of which must find something.
func (s *server) listExamples(t *testing.T) {
	t.Helper()
	for typeName := range s.schema.ListResourceSchemas {
		t.Run("example of "+typeName, func(t *testing.T) {
			file := filepath.Join("../../examples/list-resources", typeName, "list-resource.tfquery.hcl")
			parsed, diags := hclparse.NewParser().ParseHCLFile(file)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			for _, list := range parsed.Body.(*hclsyntax.Body).Blocks { //nolint:forcetypeassert // that of an HCL file
				q := query{filter: arguments(t, list.Body.Blocks[0].Body)}
				q.whole, _ = arguments(t, list.Body)["include_resource"].(bool)
				if found := s.list(list.Labels[0], q); found.errors != "" || len(found.results) == 0 {
					t.Errorf("list %q finds %d objects; errors: %s", list.Labels, len(found.results), found.errors)
				}
			}
		})
	}
}

// arguments are those of a block that are text or bool.
func arguments(t *testing.T, body *hclsyntax.Body) block {
	t.Helper()
	values := block{}
	for name, attribute := range body.Attributes {
		value, _ := attribute.Expr.Value(nil) // provider = ceph has none
		switch value.Type() {
		case cty.String:
			values[name] = value.AsString()
		case cty.Bool:
			values[name] = value.True()
		}
	}
	return values
}

// images is a fake cluster with many images, whose headers are made when they are asked for. It counts these.
type images struct {
	*fakeCluster
	number  int
	headers *atomic.Int64
}

func (f images) Images(context.Context, string, string) ([]ceph.ImageEntry, error) {
	list := make([]ceph.ImageEntry, f.number)
	for i := range list {
		list[i] = ceph.ImageEntry{Name: fmt.Sprintf("image-%06d", i), ID: fmt.Sprintf("%012x", i)}
	}
	return list, nil
}

func (f images) ImageHeaders(_ context.Context, _, _ string, ids []string) (map[string]ceph.Image, error) {
	f.headers.Add(int64(len(ids)))
	told := map[string]ceph.Image{}
	for _, id := range ids {
		told[id] = ceph.Image{
			ID: id, PoolID: 1, SizeBytes: 1 << 30, Features: []string{"layering", "exclusive-lock", "object-map"}, ObjectSize: 4 << 20,
			StripeUnit: 4 << 20, StripeCount: 1, Metadata: map[string]string{"owner": "team-a"},
		}
	}
	return told, nil
}

// listImages returns a server of a cluster that has so many images, and the count of the headers that it was asked for.
func listImages(t *testing.T, number int) (*server, *atomic.Int64) {
	t.Helper()
	fake := newFakeCluster(eastFSID)
	fake.pools["vms"] = 1
	headers := &atomic.Int64{}
	s := newServer(t, func(context.Context, ceph.Config) (ceph.Conn, error) { return images{fake, number, headers}, nil })
	s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1", "key": goodKey}}})
	return s, headers
}

// A list of 10,000 images needs at most 50 MB more than one of 100, of what the process has from the system.
func TestListKeepsNoResults(t *testing.T) {
	const allowed = 50 << 20
	peak := func(number int) uint64 {
		s, _ := listImages(t, number)
		runtime.GC()
		var most uint64
		seen := 0
		s.stream("ceph_rbd_image", query{filter: block{}, whole: true}, func(result tfprotov6.ListResourceResult) {
			s.must("list", result.Diagnostics)
			if seen%100 == 0 {
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapInuse+now.StackInuse)
			}
			seen++
		})
		if seen != number {
			t.Errorf("%d of %d images are listed", seen, number)
		}
		return most
	}
	few, many := peak(100), peak(10_000)
	t.Logf("100 images: %d kB, 10,000 images: %d kB", few>>10, many>>10)
	if many > few+allowed {
		t.Errorf("10,000 images need %d kB, and 100 need %d kB", many>>10, few>>10)
	}
}

// Once the limit is reached the cluster is not asked any more, nor when Terraform stops to listen.
func TestListEndsAtTheLimit(t *testing.T) {
	for _, limit := range []int64{1, 10, 300} {
		s, headers := listImages(t, 1000)
		if found := s.list("ceph_rbd_image", query{filter: block{}, limit: limit}); int64(len(found.results)) != limit || found.errors != "" {
			t.Errorf("limit %d: %d results, %s", limit, len(found.results), found.errors)
		}
		if read := headers.Load(); read < limit || read > limit+256 || limit < 256 && read != limit {
			t.Errorf("limit %d: %d images were read", limit, read)
		}
	}
	s, headers := listImages(t, 1000)
	results, err := s.lists().ListResource(t.Context(), &tfprotov6.ListResourceRequest{
		TypeName: "ceph_rbd_image", Config: s.dynamic(s.schema.ListResourceSchemas["ceph_rbd_image"], block{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for range results.Results {
		break
	}
	if read := headers.Load(); read > 256 {
		t.Errorf("nobody listens, and %d images were read", read)
	}
}

// What can't be listed is an error in the stream that names the entry, at the argument at fault where there is one.
func TestListTellsErrorsInTheStream(t *testing.T) {
	s := newServer(t, dialTo(map[string]*fakeCluster{}))
	var dialled atomic.Int32
	s.configure(block{
		"clusters": block{"east": block{"mon_host": "192.0.2.1", "key": goodKey}, "west": block{"mon_host": "192.0.2.2", "key": goodKey}},
		"hypervisors": block{
			"kvm1": block{"uri": brokenHypervisor(t, &dialled)}, "kvm2": block{"uri": brokenHypervisor(t, &dialled)},
		},
	})
	for typeName, argument := range map[string]string{
		"ceph_pool": "cluster", "ceph_user": "cluster", "ceph_rbd_image": "cluster", "ceph_rbd_namespace": "cluster",
		"ceph_erasure_code_profile": "cluster", "ceph_crush_rule": "cluster",
		"ceph_rbd_snapshot": "cluster", "libvirt_ceph_secret": "hypervisor", "libvirt_volume_secret": "hypervisor",
		"libvirt_rbd_disk": "hypervisor",
	} {
		label := map[string]string{"cluster": "west", "hypervisor": "kvm2"}[argument]
		found := s.list(typeName, query{filter: block{argument: label}, whole: true})
		if len(found.results) > 0 || !strings.Contains(found.errors, fmt.Sprintf("%s %q", argument, label)) {
			t.Errorf("%s of %s, which doesn't answer: %d results, %s", typeName, label, len(found.results), found.errors)
		}
		found = s.list(typeName, query{filter: block{argument: "nowhere"}})
		if len(found.results) > 0 || !strings.Contains(found.errors, fmt.Sprintf("The provider block has no %s \"nowhere\".", argument)) {
			t.Errorf("%s of nowhere: %d results, %s", typeName, len(found.results), found.errors)
		}
		found = s.list(typeName, query{filter: block{}})
		if len(found.results) > 0 || !strings.Contains(found.errors, "Nothing says which "+argument+" is meant") {
			t.Errorf("%s of nobody knows what: %d results, %s", typeName, len(found.results), found.errors)
		}
		names := slices.Collect(func(yield func(string) bool) {
			for _, attribute := range s.schema.ListResourceSchemas[typeName].Block.Attributes {
				if !yield(attribute.Name) {
					return
				}
			}
		})
		if !slices.Contains(names, "name_pattern") {
			t.Errorf("%s has the filters %v", typeName, names)
		}
	}
}

// A rule whose steps the arguments can't express is left out of the list: its import would be refused.
func TestListOfRulesThatCanBeImported(t *testing.T) {
	cluster := newFakeCluster(eastFSID)
	cluster.rules["fast"] = 2 // beside those that the fake tells no steps of
	s := newServer(t, dialTo(map[string]*fakeCluster{"192.0.2.1": cluster}))
	s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1"}}})
	found := s.list("ceph_crush_rule", query{filter: block{}})
	if found.errors != "" || len(found.results) != 1 || found.results[0].DisplayName != "fast" {
		t.Errorf("listed %v; errors: %s", found.results, found.errors)
	}
}
