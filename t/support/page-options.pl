#!/usr/bin/perl
# page-options.pl PAGE <TABLE: say where a man page and a tool's table of
# options (--help=table) differ.  The items of the page's lists are held against
# the table: short and long names and their arguments.  What the table has for
# the page only may be named anywhere in it.  What SYNOPSIS has must be there.
use strict;
use warnings;

# pairs TOKEN...: the options of an mdoc line, each with its argument, as --help
# writes them: "-j", "N"; "--lock", "[=FAIL|WAIT]".
sub pairs {
	my ($macro, $glue, $open) = ('', 0, 0);
	my @pairs;
	while (defined(my $token = shift)) {
		$token =~ s/\\-/-/g;
		if ($token eq 'Ar' && @pairs && $pairs[-1][1] =~ /\w$/ && !$glue) {
			$macro = '';	# an operand
		} elsif ($token =~ /^(Fl|Ar|Cm|Sy|No)$/) {
			$macro = $token;
		} elsif ($token eq 'Ns') {
			$glue = 1;
			next;
		} elsif ($token eq 'Op') {
			next if !@pairs || $_[0] eq 'Fl';
			$pairs[-1][1] .= '[';
			($macro, $open) = ('Ar', 1);
		} elsif ($token =~ /^[,;]$/ || ($token eq '|' && $macro eq 'Fl')) {
			$macro = 'Fl';
		} elsif ($macro eq 'Fl') {
			push @pairs, map { ["-$_", ''] }
			    $token =~ /^-/ ? $token : split //, $token;
		} elsif (@pairs && $macro ne '' && $token ne '...') {
			$pairs[-1][1] .= uc $token;
		}
		$glue = 0;
	}
	$pairs[-1][1] .= ']' if $open;
	return grep { $_->[0] !~ /^-[0-9-]$/ } @pairs;
}

my $page = shift;
open my $in, '<', $page or die "$page: $!\n";
my (%item, %named, @synopsis);
my $section = '';
while (<$in>) {
	$section = $1 if /^\.Sh (.*)/;
	my @words = split;
	my $first = shift @words or next;
	my @pairs = /^\.(It|Op|Fl)/ ? pairs($first eq '.Fl' ? 'Fl' : (), @words) : ();
	$named{$_->[0]} = 1 for @pairs;
	if ($section eq 'SYNOPSIS') {
		push @synopsis, @pairs;
	} elsif (/^\.It Fl/) {
		$item{$_->[0]} = $_->[1] for @pairs;
	}
}

my %table;
<STDIN>;
while (<STDIN>) {
	chomp;
	my ($letter, $name, $arg, undef, $help) = split /\t/, $_, -1;
	for my $o (("-$letter") x ($letter ne ''), ("--$name") x ($name ne '')) {
		$table{$o} = uc $arg;
		if (exists $item{$o}) {
			print "$page: $o '$item{$o}', but in the table '\U$arg\E'\n"
			    if $item{$o} ne uc $arg;
		} elsif ($help ne '' || !$named{$o}) {
			print "$page: no item $o $arg\n";
		}
	}
}
for my $o (sort keys %item) {
	print "$page: $o is not in the table\n" unless exists $table{$o};
}
for (@synopsis) {
	my ($o, $arg) = @$_;
	print "$page: SYNOPSIS has $o '$arg'\n" unless exists $table{$o} &&
	    ($arg eq $table{$o} || $arg eq '');
}
