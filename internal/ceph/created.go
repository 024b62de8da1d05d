package ceph

import "strings"

// Created is an object whose create may be recorded.
type Created struct{ intent intent }

// String names the object, as in "user libvirt".
func (o Created) String() string { return kindInWords(o.intent.Kind) + " " + o.intent.Name }

func kindInWords(kind string) string { return strings.ReplaceAll(kind, "-", " ") }

// CreatedPool is a pool.
func CreatedPool(name string) Created { return Created{intent{Kind: poolKind, Name: name}} }

// CreatedUser is a user, by the name without the prefix client.
func CreatedUser(name string) Created { return Created{intent{Kind: userKind, Name: name}} }

// CreatedImage is an image.
func CreatedImage(ref ImageRef) Created { return Created{intent{Kind: imageKind, Name: ref.String()}} }

// CreatedNamespace is an RBD namespace.
func CreatedNamespace(ns Namespace) Created {
	return Created{intent{Kind: namespaceKind, Name: ns.String()}}
}

// CreatedErasureCodeProfile is an erasure code profile.
func CreatedErasureCodeProfile(name string) Created {
	return Created{intent{Kind: erasureCodeProfileKind, Name: name}}
}

// CreatedSnapshot is a snapshot of an image.
func CreatedSnapshot(ref ImageRef, name string) Created {
	return Created{intent{Kind: snapshotKind, Name: snapshotName(ref, name)}}
}

// CreatedCrushRule is a CRUSH rule.
func CreatedCrushRule(name string) Created { return Created{intent{Kind: ruleKind, Name: name}} }

// The kinds of objects in claims and intents.
const (
	poolKind      = "pool"
	userKind      = "user"
	imageKind     = "image"
	namespaceKind = "namespace"
	snapshotKind  = "snapshot"
	ruleKind      = "crush-rule"

	erasureCodeProfileKind = "erasure-code-profile"
)
