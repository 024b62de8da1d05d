package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func main() {
	t := time.Now()
	b, err := testbed.Start(context.Background(), testbed.Options{})
	fmt.Println(time.Since(t), err)
	if err != nil {
		os.Exit(1)
	}
	for _, c := range b.Clusters() {
		out, err := c.Ceph(context.Background(), "status")
		fmt.Println(string(out), err)
	}
	if len(os.Args) > 1 {
		time.Sleep(3 * time.Second)
		out, err := b.Cluster("east").Ceph(context.Background(), "status")
		fmt.Println(string(out), err)
	}
	t = time.Now()
	fmt.Println(b.Stop(), time.Since(t))
}
