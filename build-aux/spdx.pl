#!/usr/bin/perl
# spdx.pl NAME COMMIT EPOCH DIR: an SPDX 2.3 document about the static programs
# in DIR: bk-*, and bk-pg/N/bin/*.
#
# What a program is linked from is what the linker says of it: the archives
# that its map, in build/static-obj, names.  Which source package an archive is
# of, in which version and under which licence, is in build/static/VERSIONS.
use strict;
use warnings;
use Cwd qw(realpath);
use Digest::SHA;
use File::Basename;
use JSON::PP;
use POSIX qw(strftime);

my ($name, $commit, $epoch, $dir) = @ARGV;
@ARGV == 4 or die "usage: spdx.pl NAME COMMIT EPOCH DIR\n";
my $obj = "build/static-obj";
my (@packages, @relationships);

sub id { my $id = join '-', 'SPDXRef', @_; $id =~ s/[^A-Za-z0-9.-]/-/g; $id }

sub relate {
	my ($from, $how, $to) = @_;
	push @relationships, { spdxElementId => $from,
	    relationshipType => $how, relatedSpdxElement => $to };
}

# --- the components: by source package, and by the binary package taken

my (%component, %by_package, @order);

sub component {
	my ($source, $version, $licence, $package) = @_;
	my $escaped = $version =~ s/([^A-Za-z0-9.~_-])/sprintf '%%%02X', ord $1/ger;
	my $self = { SPDXID => id('source', $source), name => $source,
	    versionInfo => $version, supplier => 'Organization: Debian',
	    downloadLocation =>
	        "https://snapshot.debian.org/package/$source/$escaped/",
	    filesAnalyzed => JSON::PP::false,
	    licenseConcluded => $licence, licenseDeclared => $licence,
	    copyrightText => 'NOASSERTION',
	    comment => "The whole text is in licences/$source",
	    primaryPackagePurpose => 'LIBRARY',
	    externalRefs => [{ referenceCategory => 'PACKAGE-MANAGER',
	        referenceType => 'purl', referenceLocator =>
	        "pkg:deb/debian/$source\@$escaped?arch=source" }] };
	$self->{sourceInfo} = $package eq 'source' ?
	    'built from the source package' : "linked from Debian's $package";
	push @packages, $self;
	$component{$source} = $self;
	push @order, $source;
	$by_package{$package} = $self if $package ne 'source';
}

open my $versions, '<', 'build/static/VERSIONS' or die "VERSIONS: $!\n";
while (<$versions>) {
	chomp;
	component(split /\t/);
}

# --- what is linked in

# The component that an archive is of.  What was built here lies below $obj/deps
# or, for PostgreSQL's own programs, in their source tree.
my %package;
sub owner {
	my ($archive, $source) = @_;
	my $path = realpath($archive) // '';
	if ($path =~ m{^/usr/}) {
		$package{$path} //= `dpkg-query -S '$path'` =~ s/:.*//sr;
		return $by_package{$package{$path} // ''} //
		    die "$path: VERSIONS does not have its package\n";
	}
	my ($stem) = basename($archive) =~ /^lib(pq|pg|curl|isal)/
	    or die "$archive: VERSIONS does not say whose it is\n";
	return $source if $source && $stem =~ /^p/;
	$stem = 'postgresql' if $stem =~ /^p/;
	# libpq is of the first of them, this release's
	my ($found) = grep { index($_, $stem) != -1 } @order;
	return $component{$found // die "$archive: not in VERSIONS\n"};
}

# The archives in a map of which the linker took something, but for $B/libbk.a.
sub archives {
	my ($map) = @_;
	my %seen;
	open my $in, '<', $map or die "$map: $!\n";
	while (<$in>) {
		last if /^(Discarded input sections|Memory Configuration)/;
		$seen{$1} = 1 if m{^(\S+\.a)\(} && $1 !~ m{/libbk\.a$};
	}
	return sort keys %seen;
}

# --- the programs

sub checksums {
	my ($file) = @_;
	return [map { { algorithm => "SHA$_", checksumValue =>
	    Digest::SHA->new($_)->addfile($file, 'b')->hexdigest } } 1, 256];
}

sub program {
	my ($file, $version, $licence, $map, $source) = @_;
	my $path = "bin/" . substr($file, length("$dir/"));
	my %linked;
	$linked{owner($_, $source)->{SPDXID}} = 1 for archives($map);
	my $self = { SPDXID => id($path), name => basename($file),
	    versionInfo => $version, packageFileName => "./$path",
	    downloadLocation => 'NOASSERTION',
	    filesAnalyzed => JSON::PP::false, licenseDeclared => $licence,
	    licenseConcluded => 'NOASSERTION', copyrightText => 'NOASSERTION',
	    primaryPackagePurpose => 'APPLICATION',
	    checksums => checksums($file) };
	push @packages, $self;
	relate(id('bk'), 'CONTAINS', $self->{SPDXID});
	relate($self->{SPDXID}, 'GENERATED_FROM', $source->{SPDXID}) if $source;
	relate($self->{SPDXID}, 'STATIC_LINK', $_) for sort keys %linked;
	return keys %linked;
}

my ($version) = $name =~ /^bk-([^-]+)/;
my $licence = do {
	open my $in, '<', 'LICENSE' or die "LICENSE: $!\n";
	<$in> =~ /^ISC License$/ ? 'ISC' : 'NOASSERTION';
};
unshift @packages, { SPDXID => id('bk'), name => 'bk', versionInfo => $version,
    packageFileName => "$name.tar.gz", downloadLocation => 'NOASSERTION',
    sourceInfo => "commit $commit", filesAnalyzed => JSON::PP::false,
    licenseDeclared => $licence, licenseConcluded => 'NOASSERTION',
    copyrightText => 'NOASSERTION', primaryPackagePurpose => 'APPLICATION' };
relate('SPDXRef-DOCUMENT', 'DESCRIBES', id('bk'));

my %linked;
for my $file (sort glob "$dir/bk-*") {
	next if -d $file;
	$linked{$_} = 1 for program($file, $version, $licence,
	    "$obj/maps/" . basename($file) . '.map');
}
relate(id('bk'), 'STATIC_LINK', $_) for sort keys %linked;
for my $file (sort glob "$dir/bk-pg/*/bin/*") {
	my ($major, $tool) = $file =~ m{bk-pg/([^/]+)/bin/([^/]+)$};
	my $source = $component{"postgresql-$major"};
	program($file, $source->{versionInfo}, $source->{licenseDeclared},
	    "$obj/deps/maps/$major/$tool.map", $source);
}

print JSON::PP->new->canonical->pretty->encode({
	spdxVersion => 'SPDX-2.3', dataLicense => 'CC0-1.0',
	SPDXID => 'SPDXRef-DOCUMENT', name => $name,
	documentNamespace => "https://spdx.org/spdxdocs/$name-$commit",
	creationInfo => {
		created => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $epoch),
		creators => ['Tool: bk-spdx.pl', 'Organization: the bk authors'] },
	packages => \@packages, relationships => \@relationships });
