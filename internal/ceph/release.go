package ceph

import (
	"fmt"
	"regexp"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// release is what the monitors run: version "16.2.15" and name "pacific". Both are empty where it isn't known.
type release struct{ version, name string }

// oldestMajor and oldestMinor are the oldest release that the provider was tried with: 14.2, Nautilus.
const oldestMajor, oldestMinor = 14, 2

var versionText = regexp.MustCompile(`^ceph version (\S+)(?: \([0-9a-f]+\))?(?: (\S+))?`)

// releaseOf reads the reply to the command version.
func releaseOf(reply []byte) release {
	var answer struct {
		Version string `json:"version"`
	}
	if err := decodeReply(reply, &answer); err != nil {
		return release{}
	}
	m := versionText.FindStringSubmatch(answer.Version)
	if m == nil {
		return release{}
	}
	return release{version: m[1], name: m[2]}
}

// tooOld reports whether it is known to be older than the oldest release. One that is newer than all that are known is not.
func (r release) tooOld() bool {
	var major, minor int
	if n, _ := fmt.Sscanf(r.version, "%d.%d", &major, &minor); n < 2 {
		return false
	}
	return major < oldestMajor || major == oldestMajor && minor < oldestMinor
}

func (c *Cluster) releaseTooOld(r release) error {
	return &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("Cluster %q runs Ceph %s, which is too old.", c.cfg.Label, r.version),
		Why: fmt.Sprintf("The oldest release that this provider supports is %d.%d. Nothing was read or changed there.",
			oldestMajor, oldestMinor),
		Do: "Upgrade the cluster, or leave its resources out of this configuration.",
	}
}
