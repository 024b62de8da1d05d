//go:build cgo

package rados_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

func TestNamespaceLife(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "spaces")
	created, err := cluster.CreateNamespace(ctx, "spaces", "tenant")
	if !created || err != nil {
		t.Fatal(created, err)
	}
	if listed := rbd(t, c, "namespace", "ls", "spaces"); !strings.Contains(listed, "tenant") {
		t.Errorf("rbd lists %s", listed)
	}
	created, err = cluster.CreateNamespace(ctx, "spaces", "tenant")
	expect.Problem(t, err, problem.Exists, "east/spaces/tenant")
	if created {
		t.Error("what exists already was taken over")
	}
	_, err = cluster.CreateNamespace(ctx, "nopool", "tenant")
	expect.Problem(t, err, problem.NotFound, `no pool "nopool"`)

	ns, err := cluster.Namespace(ctx, "spaces", "tenant")
	expect.NoError(t, err)
	_, err = cluster.Namespace(ctx, "spaces", "nobody")
	expect.Problem(t, err, problem.NotFound, `has no namespace "nobody"`, `It has "tenant"`)
	all, err := cluster.AllNamespaces(ctx, "")
	if err != nil || !slices.Contains(all, ns) {
		t.Errorf("%v is not in %v, %v", ns, all, err)
	}

	// Found under the new name of its pool, also by a refresh that has listed the pools under their old names.
	shared := readcache.Share(ctx)
	_, err = cluster.Pool(shared, "spaces")
	expect.NoError(t, err)
	ask(t, c, "osd", "pool", "rename", "spaces", "spaces2")
	t.Cleanup(func() { ask(t, c, "osd", "pool", "rename", "spaces2", "spaces") })
	ns, err = cluster.NamespaceByID(shared, ns.PoolID, "tenant")
	if err != nil || ns.Pool != "spaces2" {
		t.Fatalf("found %v, %v", ns, err)
	}

	// A listing that serves many proves nothing of one that it lacks.
	rbd(t, c, "namespace", "create", "spaces2/late")
	_, err = cluster.NamespaceByID(shared, ns.PoolID, "late")
	expect.NoError(t, err)
	rbd(t, c, "namespace", "remove", "spaces2/late")

	wantHolds := func(images, trash, groups string) {
		t.Helper()
		contents, err := cluster.NamespaceContents(ctx, ns)
		got := []string{strings.Join(contents.Images, " "), strings.Join(contents.Trash, " "), strings.Join(contents.Groups, " ")}
		if err != nil || !slices.Equal(got, []string{images, trash, groups}) || contents.Empty() != (images+trash+groups == "") {
			t.Errorf("it holds %v, %v", contents, err)
		}
	}
	wantHolds("", "", "")
	rbd(t, c, "create", "--size", "1M", "spaces2/tenant/data")
	rbd(t, c, "group", "create", "spaces2/tenant/together")
	wantHolds("data", "", "together")
	expect.Problem(t, cluster.DeleteNamespace(ctx, ns), problem.Refused, "still holds images")
	rbd(t, c, "trash", "mv", "spaces2/tenant/data")
	wantHolds("", "data", "together")
	expect.Problem(t, cluster.DeleteNamespace(ctx, ns), problem.Refused, "still holds images")
	rbd(t, c, "trash", "purge", "--no-progress", "spaces2/tenant")
	rbd(t, c, "group", "remove", "spaces2/tenant/together")
	wantHolds("", "", "")

	// A listing that serves many does so no longer once this process has removed one of them.
	_, err = cluster.NamespaceByID(readcache.Share(ctx), ns.PoolID, "tenant")
	expect.NoError(t, err)
	expect.NoError(t, cluster.DeleteNamespace(ctx, ns))
	expect.NoError(t, cluster.DeleteNamespace(ctx, ns))
	_, err = cluster.NamespaceByID(readcache.Share(ctx), ns.PoolID, "tenant")
	expect.Problem(t, err, problem.NotFound, `has no namespace "tenant"`, "It has none at all")
}
