//go:build cgo

package rados_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// What a listing reads from the headers is what librbd tells of each image once it is open.
func TestAccImagesAreListedAsTheyAreOpened(t *testing.T) {
	cluster, c := east(t)
	newPool(t, cluster, "listed")
	ask(t, c, "osd", "pool", "create", "listed-data", "4")
	t.Cleanup(func() {
		ask(t, c, "osd", "pool", "delete", "listed-data", "listed-data", "--yes-i-really-really-mean-it")
	})
	rbd(t, c, "pool", "init", "listed-data")
	rbd(t, c, "namespace", "create", "listed/n")
	rbd(t, c, "create", "listed/plain", "--size", "1G")
	rbd(t, c, "create", "listed/n/plain", "--size", "1G")
	rbd(t, c, "create", "listed/striped", "--size", "1G", "--object-size", "8M", "--stripe-unit", "64K", "--stripe-count", "4")
	rbd(t, c, "create", "listed/bare", "--size", "1234567B", "--image-feature", "layering")
	rbd(t, c, "create", "listed/elsewhere", "--size", "1G", "--data-pool", "listed-data")
	rbd(t, c, "image-meta", "set", "listed/plain", "owner", "somebody")
	rbd(t, c, "config", "image", "set", "listed/plain", "rbd_cache", "false")
	rbd(t, c, "snap", "create", "listed/striped@s")
	rbd(t, c, "snap", "create", "listed/plain@base")
	rbd(t, c, "snap", "protect", "listed/plain@base")
	clones := []string{"clone", "second-format", "flattened", "half-flattened", "cut"}
	for _, name := range clones {
		rbd(t, c, "clone", "--image-feature", "layering", "--rbd-default-clone-format", map[bool]string{true: "2", false: "1"}[name ==
			"second-format"], "listed/plain@base", "listed/"+name)
	}
	rbd(t, c, "snap", "create", "listed/half-flattened@s") // without the feature deep-flatten it keeps the parent
	for _, name := range []string{"flattened", "half-flattened"} {
		rbd(t, c, "flatten", "listed/"+name)
	}
	rbd(t, c, "resize", "--allow-shrink", "--size", "0", "listed/cut")
	rbd(t, c, "resize", "--size", "1G", "listed/cut")
	rbd(t, c, "create", "listed/moved", "--size", "1G")
	rbd(t, c, "migration", "prepare", "listed/moved", "listed-data/moved")
	t.Cleanup(func() {
		rbd(t, c, "migration", "abort", "listed-data/moved")
		rbd(t, c, "snap", "rm", "listed/half-flattened@s")
		for _, name := range clones {
			rbd(t, c, "rm", "listed/"+name)
		}
		rbd(t, c, "snap", "unprotect", "listed/plain@base")
	})

	opening := ceph.NewCluster(configOf(c), func(ctx context.Context, cfg ceph.Config) (ceph.Conn, error) {
		conn, err := rados.Dial(ctx, cfg)
		return rados.Opening{Conn: conn}, err
	})
	t.Cleanup(opening.Close)
	var listed []string
	for _, pool := range []string{"listed", "listed-data"} {
		expect.NoError(t, cluster.VisitImages(limited(t), ceph.ImageFilter{Pool: pool}, func(image ceph.ListedImage) bool {
			listed = append(listed, image.String())
			opened, err := opening.Image(limited(t), image.ImageRef)
			expect.NoError(t, err)
			named, err := cluster.Image(limited(t), image.ImageRef)
			expect.NoError(t, err)
			if !reflect.DeepEqual(image.Image, opened) || !reflect.DeepEqual(named, opened) {
				t.Errorf("%s: listed as %+v, read as %+v, opened as %+v", image.ImageRef, image.Image, named, opened)
			}
			return true
		}))
	}
	want := "[listed/bare listed/clone listed/cut listed/elsewhere listed/flattened listed/half-flattened listed/plain listed/second-format" +
		" listed/striped listed/n/plain listed-data/moved]"
	if got := fmt.Sprint(listed); got != want {
		t.Errorf("listed %s, want %s", got, want)
	}
}

// An image of format 1, which has no id, is told as what it is.
func TestAccImageOfFormat1(t *testing.T) {
	cluster, c := east(t)
	newPool(t, cluster, "former")
	create := exec.CommandContext(limited(t), "rbd", "--conf", c.ConfigFile, "create", "former/one", "--size", "8M", "--image-format", "1")
	create.Env = append(os.Environ(), "RBD_FORCE_ALLOW_V1=1")
	if out, err := create.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ref := ceph.ImageRef{Pool: "former", Name: "one"}
	_, err := cluster.Image(limited(t), ref)
	expect.Problem(t, err, problem.Unsupported, "It has format 1", "rbd migration prepare former/one former/one;")
	_, err = cluster.CreateImage(limited(t), ceph.ImageSpec{ImageRef: ref, SizeBytes: 8 << 20})
	expect.Problem(t, err, problem.Exists, "exists already")
	_, err = cluster.Image(limited(t), ceph.ImageRef{Pool: "former", Name: "none"})
	expect.Problem(t, err, problem.NotFound)
	rbd(t, c, "migration", "prepare", "former/one", "former/one")
	rbd(t, c, "migration", "execute", "--no-progress", "former/one")
	rbd(t, c, "migration", "commit", "--no-progress", "former/one")
	image, err := cluster.Image(limited(t), ref)
	expect.NoError(t, err)
	if image.SizeBytes != 8<<20 {
		t.Errorf("after the advice %+v", image)
	}
	expect.NoError(t, cluster.DeleteImage(limited(t), named(ref), false, nil))
}
