package Skips;

# A harness for prove that ends the run by telling what was skipped, for each
# reason how much and where:
#
#	perl -It/support -S prove --harness Skips ...

use strict;
use warnings;
use parent 'TAP::Harness';

my %skipped;	# reason => { file => number of tests, or "all" }

sub make_parser {
	my ($self, $job) = @_;
	my ($parser, $session) = $self->SUPER::make_parser($job);
	my $where = $job->description;

	$parser->callback(test => sub {
		$skipped{reason($_[0])}{$where}++ if $_[0]->has_skip;
	});
	$parser->callback(plan => sub {
		$skipped{reason($_[0])}{$where} = 'all' if !$_[0]->tests_planned;
	});
	return ($parser, $session);
}

sub reason {
	return shift->explanation || 'no reason given';
}

sub summary {
	my ($self, @args) = @_;
	my (%count, $all);

	$self->SUPER::summary(@args);
	for my $why (keys %skipped) {
		# a whole file is one
		$count{$why} += $_ eq 'all' ? 1 : $_ for values %{$skipped{$why}};
		$all += $count{$why};
	}
	printf "Skipped=%d\n", $all // 0;
	for my $why (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count) {
		my $in = $skipped{$why};
		printf "%5d %s: %s\n", $count{$why}, $why,
		    join ', ', map { "$_ ($in->{$_})" } sort keys %$in;
	}
}

1;
