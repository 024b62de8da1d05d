package serve

import (
	"os"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
)

// parentEvery is how often the process looks whether Terraform is still there.
const parentEvery = time.Second

// exitWithoutTerraform ends the process once the Terraform that started it is gone without having ended it, as after a SIGKILL: go-plugin
// would wait for another connection for ever. What was under way has ended with the connection by then, but for what may still be done
// within [grace.Period]. On Windows a process doesn't learn that its parent is gone.
func exitWithoutTerraform() {
	look := time.NewTicker(parentEvery)
	for terraform := os.Getppid(); os.Getppid() == terraform; {
		<-look.C
	}
	<-time.After(grace.Period)
	os.Exit(1)
}
