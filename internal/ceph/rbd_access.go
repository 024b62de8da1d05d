package ceph

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// RBDAccess is what a user of images may open, by the names of pools.
type RBDAccess struct {
	// Pools are those whose images, of all namespaces, are read and written.
	Pools []string
	// ReadOnlyPools are those whose images are only read: parents of clones, images to export.
	ReadOnlyPools []string
	// Namespaces are those whose images are read and written, by pool.
	Namespaces map[string][]string
	// DataPools hold the data of images whose headers are in Pools and Namespaces.
	DataPools []string
}

// Caps returns the least capabilities for it, by service. The same access gives the same text, in whichever order it is written.
// The error is problem.Invalid.
//
// Similar to: ceph auth caps client.NAME mon 'profile rbd' osd 'profile rbd pool=POOL' mgr 'profile rbd pool=POOL'
func (a RBDAccess) Caps() (map[string]string, error) {
	pools, err := poolGrants(a.Pools, nil)
	if err != nil {
		return nil, err
	}
	var tenants []string
	for _, pool := range slices.Sorted(maps.Keys(a.Namespaces)) {
		grants, err := poolGrants([]string{pool}, a.Namespaces[pool])
		if err != nil {
			return nil, err
		}
		if len(a.Namespaces[pool]) > 0 {
			tenants = append(tenants, grants...)
		}
	}
	data, err := a.dataGrants()
	if err != nil {
		return nil, err
	}
	isWritten := func(pool string) bool { return slices.Contains(a.Pools, pool) }
	read, err := poolGrants(slices.DeleteFunc(slices.Clone(a.ReadOnlyPools), isWritten), nil)
	if err != nil {
		return nil, err
	}

	mon := "profile rbd"
	switch {
	case len(pools)+len(tenants)+len(read) == 0:
		return nil, &problem.Problem{
			Kind: problem.Invalid, What: "No pool is named whose images may be opened.",
			Do: "Name pools, read_only_pools or namespaces. A pool of data alone opens no image.",
		}
	case len(pools)+len(tenants) == 0 && len(data) > 0:
		return nil, &problem.Problem{
			Kind: problem.Invalid, What: "data_pools are for images that are written, and there are none: neither pools nor namespaces are named.",
			Why: "The user could overwrite the data of images that it may only read.",
			Do:  "Name the pool of their data in read_only_pools.",
		}
	case len(pools)+len(tenants) == 0:
		// A reader takes over no lock, so it doesn't need to put another client on the blocklist.
		mon = "profile rbd-read-only"
	}
	caps := func(written ...[]string) string {
		var grants []string
		for _, grant := range slices.Concat(written...) {
			grants = append(grants, "profile rbd "+grant)
		}
		for _, grant := range read {
			grants = append(grants, "profile rbd-read-only "+grant)
		}
		slices.Sort(grants)
		return strings.Join(slices.Compact(grants), ", ")
	}
	return map[string]string{"mon": mon, "osd": caps(pools, tenants, data), "mgr": caps(pools, tenants)}, nil
}

// dataGrants are for the pools of data. An image's data lies in the namespace of its header, so a user who has namespaces alone gets the
// same namespaces of the data pool, and can't reach other data there.
func (a RBDAccess) dataGrants() ([]string, error) {
	var namespaces []string
	if len(a.Pools) == 0 {
		for _, list := range a.Namespaces {
			namespaces = append(namespaces, list...)
		}
	}
	return poolGrants(a.DataPools, namespaces)
}

// poolGrants are the qualifiers for each namespace of each pool; without namespaces, for all of the pool.
func poolGrants(pools, namespaces []string) ([]string, error) {
	var grants []string
	for _, pool := range pools {
		if pool == "" {
			return nil, &problem.Problem{
				Kind: problem.Invalid, What: "The name of a pool is empty.", Why: "Capabilities without a pool count in all of them.",
				Do: "Write the pool's name.",
			}
		}
		quoted, err := quoteCap("pool", pool)
		if err != nil {
			return nil, err
		}
		if len(namespaces) == 0 {
			grants = append(grants, "pool="+quoted)
		}
		for _, namespace := range namespaces {
			if strings.HasSuffix(namespace, "*") {
				return nil, &problem.Problem{
					Kind: problem.Invalid, What: fmt.Sprintf("The namespace %q ends with an asterisk.", namespace),
					Why: "In capabilities that means every namespace that begins so.",
					Do:  "Name each namespace, or write such capabilities by hand.",
				}
			}
			name, err := quoteCap("namespace", namespace)
			if err != nil {
				return nil, err
			}
			grants = append(grants, "pool="+quoted+" namespace="+name)
		}
	}
	return grants, nil
}

// plainInCaps is what the daemons read as one word without quotes.
var plainInCaps = regexp.MustCompile(`^[a-zA-Z0-9_./-]+$`)

// quoteCap writes a name as a value in capabilities. There is no escape: a name with both quotes, or a line break, can't be written.
func quoteCap(what, name string) (string, error) {
	switch {
	case plainInCaps.MatchString(name):
		return name, nil
	case strings.ContainsFunc(name, unicode.IsControl) || strings.Contains(name, `"`) && strings.Contains(name, "'"):
		return "", &problem.Problem{
			Kind: problem.Invalid, What: fmt.Sprintf("The %s %q can't be named in capabilities.", what, name),
			Why: "They know no way to write a line break, another control character, or both kinds of quotes.",
			Do:  fmt.Sprintf("Rename the %s.", what),
		}
	case strings.Contains(name, `"`):
		return "'" + name + "'", nil
	}
	return `"` + name + `"`, nil
}
