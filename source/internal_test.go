package source

// Disk is the real file system of a [Program].
var Disk Files = disk{}
