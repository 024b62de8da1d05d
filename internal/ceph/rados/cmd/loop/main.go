//go:build cgo

// Command loop makes, reads and deletes users or images of a cluster with the client library alone, ten at a time, as the floor of the
// benchmark. It prints the seconds that each of the three took.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"
	"golang.org/x/sync/errgroup"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados/stubs"
)

// parallel is how many run at a time, as many as with Terraform.
const parallel = 10

func main() {
	config := flag.String("conf", "", "a ceph.conf with a keyring of client.admin")
	pool := flag.String("pool", "", "the pool of the images; without it users are made")
	n := flag.Int("n", 1, "how many")
	flag.Parse()
	if err := run(*config, *pool, *n); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// steps are what is done with the object of a name, one after the other.
type steps []func(name string) error

func run(config, pool string, n int) error {
	if err := stubs.Load(); err != nil {
		return err
	}
	conn, err := rados.NewConnWithUser("admin")
	if err != nil {
		return err
	}
	if err := conn.ReadConfigFile(config); err != nil {
		return err
	}
	if err := conn.Connect(); err != nil {
		return err
	}
	defer conn.Shutdown()
	todo := ofUsers(conn)
	if pool != "" {
		ioctx, err := conn.OpenIOContext(pool)
		if err != nil {
			return err
		}
		defer ioctx.Destroy()
		todo = ofImages(ioctx)
	}
	for _, step := range todo {
		started := time.Now()
		var group errgroup.Group
		group.SetLimit(parallel)
		for i := range n {
			group.Go(func() error { return step(fmt.Sprintf("loop-%d", i)) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(os.Stdout, time.Since(started).Seconds()); err != nil {
			return err
		}
	}
	return nil
}

func ofUsers(conn *rados.Conn) steps {
	ask := func(name string, arguments map[string]any) error {
		arguments["entity"], arguments["format"] = "client."+name, "json"
		command, err := json.Marshal(arguments)
		if err != nil {
			return err
		}
		_, status, err := conn.MonCommand(command)
		if err != nil {
			return fmt.Errorf("%s: %w: %s", arguments["prefix"], err, status)
		}
		return nil
	}
	return steps{
		func(name string) error {
			return ask(name, map[string]any{"prefix": "auth get-or-create", "caps": []string{"mon", "profile rbd", "osd", "profile rbd"}})
		},
		func(name string) error { return ask(name, map[string]any{"prefix": "auth get"}) },
		func(name string) error { return ask(name, map[string]any{"prefix": "auth rm"}) },
	}
}

func ofImages(ioctx *rados.IOContext) steps {
	return steps{
		func(name string) error {
			options := rbd.NewRbdImageOptions()
			defer options.Destroy()
			return rbd.CreateImage(ioctx, name, 1<<30, options)
		},
		func(name string) error {
			image, err := rbd.OpenImageReadOnly(ioctx, name, rbd.NoSnapshot)
			if err != nil {
				return err
			}
			if _, err := image.Stat(); err != nil {
				_ = image.Close()
				return err
			}
			return image.Close()
		},
		func(name string) error { return rbd.RemoveImage(ioctx, name) },
	}
}
