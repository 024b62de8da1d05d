package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// The types of pool.
const (
	Replicated = "replicated"
	Erasure    = "erasure"
)

// Pool is what a cluster tells about a pool. Bytes are bytes; PGNum and PGPNum are the targets, not what the cluster has
// reached so far. A nil option is not set.
type Pool struct {
	ID                       int64
	Name                     string
	Type                     string // Replicated or Erasure
	Size                     int64
	MinSize                  int64
	PGNum                    int64
	PGPNum                   int64
	PGAutoscaleMode          string // on, warn or off
	CrushRule                string // name
	ErasureCodeProfile       string // name; empty for replicated pools
	Bulk                     bool
	NoDelete                 bool
	NoSizeChange             bool
	NoPGChange               bool
	AllowECOverwrites        bool
	Full                     bool  // takes no writes: it, or the cluster, has no space left
	QuotaReached             bool  // it is full because of its quota
	QuotaMaxBytes            int64 // 0 is no quota
	QuotaMaxObjects          int64 // 0 is no quota
	PGNumMin                 *int64
	PGNumMax                 *int64
	TargetSizeBytes          *int64
	TargetSizeRatio          *float64
	CompressionMode          *string
	CompressionAlgorithm     *string
	CompressionRequiredRatio *float64
	CompressionMinBlobSize   *int64
	CompressionMaxBlobSize   *int64
	Applications             []string // sorted

	pgs int64 // how many placement groups there are, on the way to PGNum; 0 where the cluster doesn't tell
}

// present is how many placement groups the pool has for sure: those that are still to be made, or to be merged, are left out.
func (p Pool) present() int64 {
	if p.pgs > 0 {
		return min(p.pgs, max(p.PGNum, 1))
	}
	return max(p.PGNum, 1)
}

// RuleOfItsName is the CRUSH rule of an erasure-coded pool that has the pool's name, as one that was made with the pool has; empty for all
// others.
func (p Pool) RuleOfItsName() string {
	if p.Type != Erasure || p.CrushRule != p.Name {
		return ""
	}
	return p.CrushRule
}

// Pools lists all pools, sorted by name.
//
// Similar to: ceph osd pool ls detail
func (c *Cluster) Pools(ctx context.Context) ([]Pool, error) {
	return c.pools(ctx, c.unableToListPools())
}

func (c *Cluster) unableToListPools() string {
	return fmt.Sprintf("Unable to list the pools of cluster %q.", c.cfg.Label)
}

// Pool reads one pool. It answers problem.NotFound only from a complete listing of the cluster's pools.
//
// Similar to: ceph osd pool ls detail
func (c *Cluster) Pool(ctx context.Context, name string) (Pool, error) {
	what := fmt.Sprintf("Unable to read pool %q of cluster %q.", name, c.cfg.Label)
	pool, pools, err := c.cachedPool(ctx, what, func(p Pool) bool { return p.Name == name })
	if errors.Is(err, errNoSuchPool) {
		err = c.noPool(fmt.Sprintf("Cluster %q has no pool %q.", c.cfg.Label, name), pools)
	}
	return pool, err
}

// PoolByID reads the pool with this id, whatever its name is now.
//
// Similar to: ceph osd pool ls detail
func (c *Cluster) PoolByID(ctx context.Context, id int64) (Pool, error) {
	pool, pools, err := c.cachedPool(ctx, c.unableToReadPoolID(id), func(p Pool) bool { return p.ID == id })
	if errors.Is(err, errNoSuchPool) {
		err = c.noPool(fmt.Sprintf("Cluster %q has no pool with id %d.", c.cfg.Label, id), pools)
	}
	return pool, err
}

// poolName returns the name of the pool with this id as it is now. It costs no listing of all pools, unless the pool is missing.
func (c *Cluster) poolName(ctx context.Context, id int64) (string, error) {
	name, errno, err := read(ctx, c, c.unableToReadPoolID(id), func(ctx context.Context, conn Conn) (string, error) {
		return conn.PoolName(ctx, id)
	})
	if errno != ENOENT {
		return name, err
	}
	pool, err := c.PoolByID(readcache.Afresh(ctx), id)
	return pool.Name, err
}

func (c *Cluster) unableToReadPoolID(id int64) string {
	return fmt.Sprintf("Unable to read the pool with id %d of cluster %q.", id, c.cfg.Label)
}

// errNoSuchPool becomes a problem.NotFound, with a text, in the callers of cachedPool.
var errNoSuchPool = errors.New("no such pool")

func (c *Cluster) noPool(what string, pools []Pool) error {
	names := make([]string, 0, len(pools))
	for _, p := range pools {
		names = append(names, p.Name)
	}
	return notThere(what, "The cluster has no pools.", "Its pools are", names, "Create the pool, or correct its name or the cluster.")
}

// listPools asks for all pools.
func (c *Cluster) listPools(ctx context.Context, what string) ([]Pool, error) {
	var records []poolRecord
	if err := c.mon(ctx, what, command{"prefix": "osd pool ls", "detail": "detail"}, &records); err != nil {
		return nil, err
	}
	rules, err := c.crushRules(ctx, what)
	if err != nil {
		return nil, err
	}
	ruleNames := make(map[int64]string, len(rules))
	for _, rule := range rules {
		ruleNames[rule.ID] = rule.Name
	}
	pools := make([]Pool, 0, len(records))
	for _, r := range records {
		pools = append(pools, r.pool(ruleNames))
	}
	slices.SortFunc(pools, func(a, b Pool) int { return cmp.Compare(a.Name, b.Name) })
	return pools, nil
}

// poolRecord is a pool in the reply to "osd pool ls detail".
type poolRecord struct {
	ID                  int64                     `json:"pool_id"`
	Name                string                    `json:"pool_name"`
	Flags               string                    `json:"flags_names"`
	Type                int                       `json:"type"`
	Size                int64                     `json:"size"`
	MinSize             int64                     `json:"min_size"`
	CrushRule           int64                     `json:"crush_rule"`
	PGAutoscaleMode     string                    `json:"pg_autoscale_mode"`
	PGNum               int64                     `json:"pg_num"`
	PGNumTarget         int64                     `json:"pg_num_target"`
	PGPlacementTarget   int64                     `json:"pg_placement_num_target"`
	QuotaMaxBytes       int64                     `json:"quota_max_bytes"`
	QuotaMaxObjects     int64                     `json:"quota_max_objects"`
	ErasureCodeProfile  string                    `json:"erasure_code_profile"`
	Options             poolOptions               `json:"options"`
	ApplicationMetadata map[string]map[string]any `json:"application_metadata"`
}

type poolOptions struct {
	PGNumMin                 *int64   `json:"pg_num_min"`
	PGNumMax                 *int64   `json:"pg_num_max"`
	TargetSizeBytes          *int64   `json:"target_size_bytes"`
	TargetSizeRatio          *float64 `json:"target_size_ratio"`
	CompressionMode          *string  `json:"compression_mode"`
	CompressionAlgorithm     *string  `json:"compression_algorithm"`
	CompressionRequiredRatio *float64 `json:"compression_required_ratio"`
	CompressionMinBlobSize   *int64   `json:"compression_min_blob_size"`
	CompressionMaxBlobSize   *int64   `json:"compression_max_blob_size"`
}

// erasureType is the number of erasure-coded pools; all others are replicated.
const erasureType = 3

func (r poolRecord) pool(ruleNames map[int64]string) Pool {
	flags := map[string]bool{}
	for _, flag := range strings.Split(r.Flags, ",") {
		flags[flag] = true
	}
	p := Pool{
		ID: r.ID, Name: r.Name, Type: Replicated,
		Size: r.Size, MinSize: r.MinSize,
		PGNum: r.PGNumTarget, PGPNum: r.PGPlacementTarget, PGAutoscaleMode: r.PGAutoscaleMode, pgs: r.PGNum,
		CrushRule: ruleNames[r.CrushRule],
		Bulk:      flags["bulk"], NoDelete: flags["nodelete"], NoSizeChange: flags["nosizechange"], NoPGChange: flags["nopgchange"],
		AllowECOverwrites: flags["ec_overwrites"], Full: flags["full"], QuotaReached: flags["full_quota"],
		QuotaMaxBytes: r.QuotaMaxBytes, QuotaMaxObjects: r.QuotaMaxObjects,
		PGNumMin: r.Options.PGNumMin, PGNumMax: r.Options.PGNumMax,
		TargetSizeBytes: r.Options.TargetSizeBytes, TargetSizeRatio: decimal(r.Options.TargetSizeRatio),
		CompressionMode: r.Options.CompressionMode, CompressionAlgorithm: r.Options.CompressionAlgorithm,
		CompressionRequiredRatio: decimal(r.Options.CompressionRequiredRatio),
		CompressionMinBlobSize:   r.Options.CompressionMinBlobSize, CompressionMaxBlobSize: r.Options.CompressionMaxBlobSize,
		Applications: make([]string, 0, len(r.ApplicationMetadata)),
	}
	if r.Type == erasureType {
		// Luminous wrote the name of a CRUSH rule here for replicated pools, which they still have.
		p.Type, p.ErasureCodeProfile = Erasure, r.ErasureCodeProfile
	}
	for application := range r.ApplicationMetadata {
		p.Applications = append(p.Applications, application)
	}
	slices.Sort(p.Applications)
	return p
}

// decimal undoes the rounding of a number that Ceph keeps in single precision: 0.20000000298 is 0.2 again.
func decimal(v *float64) *float64 {
	if v == nil {
		return nil
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(*v, 'g', -1, 32), 64)
	if err != nil || math.IsInf(short, 0) {
		return v
	}
	return &short
}
