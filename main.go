// Terraform-provider-ceph manages Ceph pools, users and images, and the libvirt secrets and disks that use them.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
)

// version is set by the build.
var version = "dev"

// setLogLevels sets each level that isn't set to that of TF_LOG_PROVIDER, or else of TF_LOG, or else to off. Without a level plugin-go
// and the framework write every line, even if nobody reads it.
func setLogLevels(get func(string) string, set func(name, level string)) {
	level := cmp.Or(get("TF_LOG_PROVIDER"), get("TF_LOG"), "off")
	if strings.EqualFold(level, "json") {
		level = "trace"
	}
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_SDK_PROTO", "TF_LOG_SDK_FRAMEWORK", provider.LogLevelVariable} {
		if get(name) == "" {
			set(name, level)
		}
	}
}

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger")
	flag.Parse()
	setLogLevels(os.Getenv, func(name, level string) { _ = os.Setenv(name, level) })
	err := providerserver.Serve(context.Background(), provider.New(version, rados.Dial), providerserver.ServeOpts{
		Address: "registry.terraform.io/ceph-libvirt/ceph",
		Debug:   *debug,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
