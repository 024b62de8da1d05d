// Package rados connects to Ceph with librados and librbd. It is the only package that uses cgo; what it offers to the
// others is the ceph.Conn interface.
package rados
